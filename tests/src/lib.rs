#[cfg(test)]
mod end_to_end;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod store_contract;
