//! All tests that need more than one crate, in one binary.

#[cfg(test)]
mod bus_contract;
#[cfg(test)]
mod end_to_end;
#[cfg(test)]
mod http;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod store_contract;
