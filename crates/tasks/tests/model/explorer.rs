//! Goes every way there is.

use std::collections::HashMap;

use crate::{
    homes::Home,
    world::{Bounds, Known, Lanes, Step, World},
};

/// The states that were found, and the steps between them.
struct Map {
    states: Vec<State>,
    numbers: HashMap<Known, usize>,
    steps: u64,
}

struct State {
    /// How to come there.
    way: Vec<Step>,
    /// What has not been tried from there.
    untried: Vec<Step>,
    /// Where work that simply goes on leads from there; `None`: it is all over.
    onward: Option<Onward>,
}

struct Onward {
    step: Step,
    leads_to: Option<usize>,
}

/// Visits every state and takes every step from it; panics with the way to whatever does not hold.
///
/// A store cannot be copied: whoever wants to try another step from a state has to come there anew. So each walk goes on as
/// long as there is something new to try.
pub fn explore<H: Home>(lanes: Lanes, bounds: Bounds) {
    let mut map = Map { states: Vec::new(), numbers: HashMap::new(), steps: 0 };
    map.number_of(World::<H>::new(lanes, bounds).known(), Vec::new());
    let mut from = 0;
    while from < map.states.len() {
        if map.states[from].untried.is_empty() {
            from += 1;
        } else {
            map.walk::<H>(from, lanes, bounds);
        }
    }
    map.check_that_everything_ends();
    eprintln!("{lanes:?} lanes, {}: {} states, {} steps between them", H::NAME, map.states.len(), map.steps);
}

impl Map {
    fn walk<H: Home>(&mut self, from: usize, lanes: Lanes, bounds: Bounds) {
        let mut world = World::<H>::new(lanes, bounds);
        let way = self.states[from].way.clone();
        way.iter().for_each(|step| world.take(*step));
        assert_eq!(
            self.numbers.get(world.known()),
            Some(&from),
            "the same way leads to the same state: {way:?}"
        );
        let mut at = from;
        while let Some(step) = self.states[at].untried.pop() {
            world.take(step);
            self.steps += 1;
            let way = self.states[at].way.iter().copied().chain([step]).collect();
            let next = self.number_of(world.known(), way);
            if let Some(onward) = self.states[at].onward.as_mut().filter(|onward| onward.step == step) {
                onward.leads_to = Some(next);
            }
            at = next;
        }
    }

    fn number_of(&mut self, known: &Known, way: Vec<Step>) -> usize {
        let number = *self.numbers.entry(known.clone()).or_insert(self.states.len());
        if number == self.states.len() {
            let onward = known.onward().map(|step| Onward { step, leads_to: None });
            assert!(onward.is_some() || known.is_all_over(), "stuck after {way:?}: {known:?}");
            self.states.push(State { way, untried: known.possible(), onward });
        }
        number
    }

    /// From everywhere, work that goes on ends all tasks: nothing is stranded, and no lane stays shut.
    fn check_that_everything_ends(&self) {
        for state in &self.states {
            let mut at = state;
            for _ in 0..self.states.len() {
                let Some(onward) = &at.onward else { break };
                at = &self.states[onward.leads_to.expect("every step that is possible was taken")];
            }
            assert!(at.onward.is_none(), "stuck after {:?}", state.way);
        }
    }
}
