//! What review says of the shipped rules.

#[cfg(test)]
mod matrix;
#[cfg(test)]
mod world;
