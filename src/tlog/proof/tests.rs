use super::*;
use crate::testing::every_byte;
use crate::tlog::testing::{Endless, Grown, leaf, mth, path, subproof};
use proptest::prelude::*;

/// Returns a number as a place in a list.
fn at(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

/// How many sizes are tried: all up to this one.
const SIZE_MAX: u64 = 300;

/// Which bytes of a proof are altered: every one when the environment asks for it, else one of each hash.
fn altered_bytes(turn: u64) -> Vec<usize> {
    if every_byte() { (0..32).collect() } else { vec![at(turn % 32)] }
}

/// Which of so many sizes are altered: every one when the environment asks for it, else the ragged and the
/// full around powers of two, and some between.
fn is_altered(size: u64) -> bool {
    every_byte()
        || size <= 20
        || size.is_multiple_of(41)
        || (size - 1).is_power_of_two()
        || (size + 1).is_power_of_two()
}

/// Returns the proof with one byte altered, for every byte that is asked for; the proof without a hash, with
/// one too many, with two swapped.
fn alterations(proof: &[Hash], turn: u64) -> Vec<Vec<Hash>> {
    let mut altered = Vec::new();
    for place in 0..proof.len() {
        for byte in altered_bytes(turn + place as u64) {
            let mut one = proof.to_vec();
            one[place][byte] ^= 1 << (turn % 8);
            altered.push(one);
        }
        let mut one = proof.to_vec();
        one.remove(place);
        altered.push(one);
        let mut one = proof.to_vec();
        one.insert(place, proof[place]);
        altered.push(one);
        if place > 0 {
            let mut one = proof.to_vec();
            one.swap(place - 1, place);
            altered.push(one);
        }
    }
    let mut one = proof.to_vec();
    one.push([0; 32]);
    altered.push(one);
    altered
}

#[test]
fn every_leaf_of_every_tree_is_proved_and_no_altered_proof_holds() {
    let nodes = Grown::new(SIZE_MAX);
    for size in 1..=SIZE_MAX {
        let root = root(&nodes, size).unwrap();
        for index in 0..size {
            let proof = inclusion(&nodes, index, size).unwrap();
            let verify =
                |proof: &[Hash], leaf: &Hash, root: &Hash| verify_inclusion(leaf, index, size, proof, root);
            verify(&proof, &leaf(index), &root).unwrap();
            if !is_altered(size) {
                continue;
            }
            for altered in alterations(&proof, index) {
                assert!(verify(&altered, &leaf(index), &root).is_err(), "{index} of {size}: {altered:?}");
            }
            for byte in altered_bytes(index) {
                let (mut other_leaf, mut other_root) = (leaf(index), root);
                other_leaf[byte] ^= 1;
                other_root[byte] ^= 1;
                assert_eq!(verify(&proof, &other_leaf, &root), Err(ProofError::Root));
                assert_eq!(verify(&proof, &leaf(index), &other_root), Err(ProofError::Root));
            }
            for other in (0..size).filter(|other| *other != index).step_by(7) {
                assert!(verify_inclusion(&leaf(index), other, size, &proof, &root).is_err());
            }
        }
    }
}

#[test]
fn every_tree_is_proved_to_continue_every_smaller_one_and_no_altered_proof_holds() {
    let nodes = Grown::new(SIZE_MAX);
    let roots: Vec<Hash> = (0..=SIZE_MAX).map(|size| root(&nodes, size).unwrap()).collect();
    for size in 0..=SIZE_MAX {
        let root = &roots[at(size)];
        for old in 0..=size {
            let old_root = &roots[at(old)];
            let proof = consistency(&nodes, old, size).unwrap();
            verify_consistency(old, size, &proof, old_root, root).unwrap();
            if !is_altered(size) {
                continue;
            }
            for altered in alterations(&proof, old) {
                assert!(
                    verify_consistency(old, size, &altered, old_root, root).is_err(),
                    "{old} to {size}: {altered:?}"
                );
            }
            for byte in altered_bytes(old) {
                let (mut other_old, mut other) = (*old_root, *root);
                other_old[byte] ^= 1;
                other[byte] ^= 1;
                assert!(verify_consistency(old, size, &proof, &other_old, root).is_err());
                // Every tree whatever begins with the empty one.
                assert_eq!(
                    verify_consistency(old, size, &proof, old_root, &other).is_ok(),
                    old == 0 && size > 0
                );
            }
        }
    }
}

#[test]
fn roots_and_proofs_are_those_of_the_standard_to_the_letter() {
    let nodes = Grown::new(SIZE_MAX);
    let leaves: Vec<Hash> = (0..SIZE_MAX).map(leaf).collect();
    for size in 0..=SIZE_MAX {
        let some = &leaves[..at(size)];
        assert_eq!(root(&nodes, size).unwrap(), mth(some));
        let sampled = |place: &u64| size <= 70 || place % 13 == size % 13;
        for index in (0..size).filter(sampled) {
            assert_eq!(inclusion(&nodes, index, size).unwrap(), path(at(index), some), "{index} of {size}");
        }
        for old in (1..size).filter(sampled) {
            let proof = subproof(at(old), some, true);
            assert_eq!(consistency(&nodes, old, size).unwrap(), proof, "{old} to {size}");
        }
    }
}

#[test]
fn what_is_not_in_the_tree_has_no_proof() {
    let nodes = Grown::new(8);
    assert_eq!(inclusion(&nodes, 8, 8), Ok(vec![]));
    assert_eq!(consistency(&nodes, 0, 8), Ok(vec![]));
    assert_eq!(consistency(&nodes, 8, 8), Ok(vec![]));
    assert_eq!(consistency(&nodes, 9, 8), Ok(vec![]));
    let root = root(&nodes, 8).unwrap();
    assert_eq!(verify_inclusion(&root, 0, 0, &[], &root), Err(ProofError::Outside { index: 0, size: 0 }));
    assert_eq!(verify_inclusion(&root, 8, 8, &[], &root), Err(ProofError::Outside { index: 8, size: 8 }));
    assert_eq!(verify_consistency(9, 8, &[], &root, &root), Err(ProofError::Backwards { old: 9, size: 8 }));
}

#[test]
fn a_tree_begins_with_the_empty_one_and_with_no_other_of_no_leaves() {
    let tree = root(&Grown::new(5), 5).unwrap();
    assert_eq!(verify_consistency(0, 5, &[], &empty_root(), &tree), Ok(()));
    assert_eq!(verify_consistency(0, 5, &[], &tree, &tree), Err(ProofError::OldRoot));
    assert_eq!(
        verify_consistency(0, 5, &[tree], &empty_root(), &tree),
        Err(ProofError::Length { found: 1, expected: 0 })
    );
}

#[test]
fn a_tree_of_any_size_that_a_number_can_say_is_proved() {
    let nodes = Endless::new();
    let sizes = [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) + 1, (1 << 63) - 1, (1 << 40) + 12_345];
    for size in sizes {
        let root = root(&nodes, size).unwrap();
        for index in [0, 1, size / 2, size / 2 + 1, size - 2, size - 1] {
            let proof = inclusion(&nodes, index, size).unwrap();
            assert!(proof.len() <= HASHES_MAX);
            verify_inclusion(&leaf(0), index, size, &proof, &root).unwrap();
        }
        for old in [1, 2, 3, 1 << 39, size / 2, size / 2 + 1, size - 1] {
            let proof = consistency(&nodes, old, size).unwrap();
            assert!(proof.len() <= HASHES_MAX);
            let old_root = super::root(&nodes, old).unwrap();
            verify_consistency(old, size, &proof, &old_root, &root).unwrap();
        }
    }
}

proptest! {
    #[test]
    fn no_numbers_and_no_hashes_make_a_check_fail_otherwise_than_by_an_error(
        first in prop_oneof![any::<u64>(), 0u64..5, Just(u64::MAX)],
        second in prop_oneof![any::<u64>(), 0u64..5, Just(u64::MAX)],
        count in 0usize..70,
    ) {
        let proof = vec![[7; 32]; count];
        prop_assert!(verify_inclusion(&[1; 32], first, second, &proof, &[2; 32]).is_err());
        prop_assert!(verify_consistency(first, second, &proof, &[1; 32], &[2; 32]).is_err());
    }
}
