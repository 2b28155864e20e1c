//! What review says of the shipped rules, and of changes of them.

#[cfg(test)]
mod changes;
#[cfg(test)]
mod check;
#[cfg(test)]
mod history;
#[cfg(test)]
mod lawful;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod patch;
#[cfg(test)]
mod unlawful;
#[cfg(test)]
mod world;
