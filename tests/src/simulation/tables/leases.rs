//! Leases: which process does what.

/// Who holds what until when.
#[derive(Debug, Default)]
pub(super) struct Leases;
