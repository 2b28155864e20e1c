//! The order in which things go wrong: random, and the same again from the same seed (SplitMix64).

/// A source of choices.
#[derive(Debug, Clone)]
pub(super) struct Seeded(u64);

/// Cards that are shuffled anew when all have been drawn: every card comes as often as any other.
#[derive(Debug)]
pub(super) struct Deck<T> {
    all: Vec<T>,
    left: Vec<T>,
}

impl Seeded {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap();
        usize::try_from(self.next() % bound).unwrap()
    }
}

impl<T: Clone> Deck<T> {
    pub(super) fn new(all: Vec<T>) -> Self {
        Self { all, left: Vec::new() }
    }

    pub(super) fn draw(&mut self, seeded: &mut Seeded) -> T {
        if self.left.is_empty() {
            self.left.clone_from(&self.all);
        }
        let index = seeded.below(self.left.len());
        self.left.swap_remove(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_order_and_every_card() {
        let order = |seed| {
            let (mut seeded, mut deck) = (Seeded::new(seed), Deck::new((0..20).collect()));
            (0..40).map(|_| deck.draw(&mut seeded)).collect::<Vec<i32>>()
        };
        assert_eq!(order(7), order(7));
        assert_ne!(order(7), order(8));
        let mut first = order(7)[..20].to_vec();
        first.sort_unstable();
        assert_eq!(first, (0..20).collect::<Vec<_>>());
    }
}
