#[cfg(test)]
mod parts;
#[cfg(test)]
mod store_contract;
