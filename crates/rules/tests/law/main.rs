//! The law as a table, apart from the rule files: `tests/law/expected.csv` against the shipped rules, and what holds of every answer.

#[cfg(test)]
mod asking;
#[cfg(test)]
mod candidates;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod consents;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod mandates;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod senders;
#[cfg(test)]
mod table;
#[cfg(test)]
mod world;
