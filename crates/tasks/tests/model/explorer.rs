//! Goes every way there is.

use std::collections::{HashMap, VecDeque};

use crate::{
    homes::Home,
    world::{Bounds, Known, Lanes, Step, World},
};

/// Visits every state and takes every step from it; panics with the way to whatever does not hold.
///
/// A store cannot be copied, so each step is taken in a new world that has been led to the state first.
pub fn explore<H: Home>(lanes: Lanes, bounds: Bounds) {
    let begin = World::<H>::new(lanes, bounds).known().clone();
    let mut ways: HashMap<Known, Vec<Step>> = HashMap::from([(begin.clone(), Vec::new())]);
    let mut unvisited = VecDeque::from([begin]);
    let mut steps = 0_u64;
    let mut longest = 0;
    while let Some(state) = unvisited.pop_front() {
        let way = ways[&state].clone();
        longest = longest.max(way.len());
        come_to_an_end::<H>(lanes, bounds, &state, &way);
        for step in state.possible() {
            let mut world = led::<H>(lanes, bounds, &state, &way);
            world.take(step);
            steps += 1;
            if !ways.contains_key(world.known()) {
                ways.insert(world.known().clone(), world.way().to_vec());
                unvisited.push_back(world.known().clone());
            }
        }
    }
    eprintln!(
        "{lanes:?} lanes, {}: {} states, {steps} steps; the farthest state is {longest} steps away",
        H::NAME,
        ways.len()
    );
    assert!(ways.len() > 1000, "the model has shrunk to {} states", ways.len());
}

fn led<H: Home>(lanes: Lanes, bounds: Bounds, state: &Known, way: &[Step]) -> World<H> {
    let mut world = World::new(lanes, bounds);
    way.iter().for_each(|step| world.take(*step));
    assert_eq!(world.known(), state, "the same way leads to the same state: {way:?}");
    world
}

/// From everywhere, work that goes on ends all tasks: nothing is stranded, and no lane stays shut.
fn come_to_an_end<H: Home>(lanes: Lanes, bounds: Bounds, state: &Known, way: &[Step]) {
    let mut world = led::<H>(lanes, bounds, state, way);
    while let Some(step) = world.known().onward() {
        world.take(step);
    }
    assert!(world.known().is_all_over(), "stuck after {:?}: {:?}", world.way(), world.known());
}
