//! Takes every path through the model.

use std::collections::HashMap;

use crate::{
    durable_store::DurableStore,
    simulation::Simulation,
    state::{Bounds, Lanes, ModelState, Step},
};

/// The states that were found, and the steps between them.
struct Graph {
    vertices: Vec<Vertex>,
    numbers: HashMap<ModelState, usize>,
    steps: u64,
}

struct Vertex {
    /// The steps that lead to this state.
    path: Vec<Step>,
    /// The possible steps that have not been tried from here.
    untried: Vec<Step>,
    /// The step by which work simply goes on; `None`: everything is over.
    onward: Option<Onward>,
}

struct Onward {
    step: Step,
    leads_to: Option<usize>,
}

/// Visits every state and takes every step from it; panics with the path to a state that must not be.
///
/// A store cannot be copied, so another step from the same state needs a new store that is brought to that state. Each walk
/// therefore goes on as long as there is something new to try.
pub fn explore<D: DurableStore>(lanes: Lanes, bounds: Bounds) {
    let mut graph = Graph { vertices: Vec::new(), numbers: HashMap::new(), steps: 0 };
    graph.number_of(Simulation::<D>::new(lanes, bounds).state(), Vec::new());
    let mut from = 0;
    while from < graph.vertices.len() {
        if graph.vertices[from].untried.is_empty() {
            from += 1;
        } else {
            graph.walk::<D>(from, lanes, bounds);
        }
    }
    graph.check_that_everything_ends();
    eprintln!("{lanes:?} lanes, {}: {} states, {} steps", D::NAME, graph.vertices.len(), graph.steps);
}

impl Graph {
    fn walk<D: DurableStore>(&mut self, from: usize, lanes: Lanes, bounds: Bounds) {
        let mut simulation = Simulation::<D>::new(lanes, bounds);
        let path = self.vertices[from].path.clone();
        path.iter().for_each(|step| simulation.take(*step));
        let reached = self.numbers.get(simulation.state());
        assert_eq!(reached, Some(&from), "the same path leads to the same state: {path:?}");
        let mut at = from;
        while let Some(step) = self.vertices[at].untried.pop() {
            simulation.take(step);
            self.steps += 1;
            let path = self.vertices[at].path.iter().copied().chain([step]).collect();
            let next = self.number_of(simulation.state(), path);
            if let Some(onward) = self.vertices[at].onward.as_mut().filter(|onward| onward.step == step) {
                onward.leads_to = Some(next);
            }
            at = next;
        }
    }

    fn number_of(&mut self, state: &ModelState, path: Vec<Step>) -> usize {
        let number = *self.numbers.entry(state.clone()).or_insert(self.vertices.len());
        if number == self.vertices.len() {
            let onward = state.onward().map(|step| Onward { step, leads_to: None });
            assert!(onward.is_some() || state.is_all_over(), "stuck after {path:?}: {state:?}");
            self.vertices.push(Vertex { path, untried: state.possible(), onward });
        }
        number
    }

    /// From every state, work that goes on ends all tasks: none is stranded, and no lane stays occupied.
    fn check_that_everything_ends(&self) {
        for vertex in &self.vertices {
            let mut at = vertex;
            for _ in 0..self.vertices.len() {
                let Some(onward) = &at.onward else { break };
                at = &self.vertices[onward.leads_to.expect("every step that is possible was taken")];
            }
            assert!(at.onward.is_none(), "stuck after {:?}", vertex.path);
        }
    }
}
