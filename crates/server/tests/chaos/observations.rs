//! What the responses of the server have said about each task. Later responses must agree with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use crate::{
    changes,
    exporting::{SeenFiles, is_export},
};

/// The observations of all clients.
#[derive(Default)]
pub struct Observations {
    state: Mutex<State>,
    answered: Condvar,
    pub files: SeenFiles,
}

#[derive(Default)]
struct State {
    round: u64,
    answers_this_round: u64,
    /// The server is stopping gracefully: running tasks return to WAITING.
    is_stopping: bool,
    tasks: BTreeMap<u64, Observed>,
    /// The marks of submitted imports, with or without a response.
    marks: BTreeSet<u64>,
    /// The number of imports without a response that were not found in a list later.
    unanswered: u64,
    counts: Counts,
}

/// Numbers of events, for the summary.
#[derive(Default)]
struct Counts {
    submits: u64,
    found: u64,
    cancels_of_waiting: u64,
    cancels_of_running: u64,
    prunes: u64,
    run_again: u64,
    ended: BTreeMap<String, u64>,
}

/// What was observed of one task.
#[derive(Clone, Default)]
pub struct Observed {
    /// The message of its commit; unknown if there was no response to its submit.
    pub mark: Option<u64>,
    pub repository: Option<String>,
    status: String,
    /// The round in which it had that status.
    round: u64,
    /// The round in which it was first seen.
    known_since: u64,
    /// The document after its end.
    pub end: Option<Value>,
    /// A response said that it is CANCELLED.
    is_cancelled: bool,
    /// A response acknowledged its cancel while it ran.
    is_to_stop: bool,
    /// A client has sent a prune, perhaps without a response.
    may_be_gone: bool,
    /// A response said that it is pruned.
    is_gone: bool,
}

impl Observed {
    /// The final status, if it was observed.
    pub fn end_status(&self) -> Option<&str> {
        self.end.as_ref().map(status)
    }
}

pub fn status(task: &Value) -> &str {
    task["status"].as_str().unwrap()
}

impl Observations {
    /// Starts a new round, before the start of a server.
    pub fn enter_round(&self) {
        let mut state = self.lock();
        state.round += 1;
        state.answers_this_round = 0;
        state.is_stopping = false;
    }

    pub fn expect_stop(&self) {
        self.lock().is_stopping = true;
    }

    /// Waits for a number of responses in this round.
    pub fn wait_for_answers(&self, count: u64) {
        let enough = |state: &mut State| state.answers_this_round < count;
        drop(self.answered.wait_while(self.lock(), enough).unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns a unique mark for an import, and the highest id observed so far.
    pub fn begin_submit(&self) -> (u64, u64) {
        let mut state = self.lock();
        let mark = state.marks.len() as u64 + 1;
        state.marks.insert(mark);
        state.unanswered += 1;
        (mark, state.tasks.keys().next_back().copied().unwrap_or(0))
    }

    /// Records the response to an import into the repository, or to an export.
    pub fn submitted(&self, mark: u64, highest: u64, repository: Option<&str>, task: &Value) {
        let id = task["id"].as_u64().unwrap();
        assert!(id > highest, "task {id} was accepted after task {highest} was answered");
        let mut state = self.lock();
        state.unanswered -= 1;
        state.counts.submits += 1;
        let seen = state.tasks.entry(id).or_default();
        assert_eq!(seen.mark, None, "two imports were answered with task {id}");
        seen.mark = Some(mark);
        seen.repository = repository.map(str::to_owned);
        drop(state);
        self.saw(&Observed::default(), task);
    }

    /// Records that an import was refused; there must be no task.
    pub fn refused(&self) {
        self.lock().unanswered -= 1;
        self.answer();
    }

    /// What is known of the task before a request; the response must not contradict it.
    pub fn seen(&self, id: u64) -> Observed {
        self.lock().tasks.get(&id).cloned().unwrap_or_default()
    }

    /// Records a task document; `before` is what was known before the request.
    ///
    /// Responses may overtake each other, so a response is only checked against what was known before its request.
    pub fn saw(&self, before: &Observed, task: &Value) {
        let (id, is) = (task["id"].as_u64().unwrap(), status(task));
        let mut state = self.lock();
        check_document(task, state.tasks.get(&id).and_then(|seen| seen.repository.as_deref()));
        let (round, is_stopping) = (state.round, state.is_stopping);
        assert!(!before.is_gone, "task {id} was pruned and is there again: {task}");
        assert!(!before.is_cancelled || is == "CANCELLED", "task {id} was said to be CANCELLED: {task}");
        // A task that was interrupted by a kill is RUNNING after the start until recovery has handled it.
        let may_run_again = is_stopping || before.known_since < round;
        let runs_again = may_run_again && before.status == "RUNNING" && is == "WAITING";
        assert!(
            runs_again || can_change(&before.status, is),
            "task {id} went from {} to {is}",
            before.status
        );
        assert!(!(runs_again && before.is_to_stop), "task {id} was cancelled, and runs again");
        let seen = state.tasks.entry(id).or_default();
        seen.is_cancelled |= is == "CANCELLED";
        let is_newer = seen.round < round || runs_again || can_change(&seen.status, is);
        if seen.status.is_empty() {
            seen.known_since = round;
        }
        if seen.end.is_none() && is_newer {
            seen.status = is.to_owned();
            seen.round = round;
        }
        let has_ended = !matches!(is, "WAITING" | "RUNNING");
        let is_news = has_ended && seen.end.is_none();
        if has_ended {
            let end = seen.end.get_or_insert_with(|| task.clone());
            assert_eq!(without_address(end), without_address(task), "task {id} changed after its end");
        }
        state.counts.run_again += u64::from(runs_again);
        if is_news {
            *state.counts.ended.entry(is.to_owned()).or_default() += 1;
        }
        drop(state);
        self.answer();
    }

    /// Records a 404.
    pub fn missed(&self, id: u64) {
        {
            let seen = &self.lock().tasks[&id];
            assert!(seen.may_be_gone, "task {id} is gone, and no client pruned it: {:?}", seen.status);
        }
        self.answer();
    }

    /// Records the response to a cancel.
    pub fn cancelled(&self, before: &Observed, task: &Value) {
        {
            let mut state = self.lock();
            match status(task) {
                "WAITING" => panic!("a waiting task is not cancelled at once: {task}"),
                "RUNNING" => state.counts.cancels_of_running += 1,
                "CANCELLED" => state.counts.cancels_of_waiting += 1,
                _ => {}
            }
        }
        self.saw(before, task);
        if status(task) == "RUNNING" {
            let id = task["id"].as_u64().unwrap();
            self.lock().tasks.get_mut(&id).unwrap().is_to_stop = true;
        }
    }

    /// Records that a prune is about to be sent.
    pub fn begin_prune(&self, id: u64) {
        self.lock().tasks.get_mut(&id).unwrap().may_be_gone = true;
    }

    /// Records the response to a prune.
    pub fn pruned(&self, before: &Observed, task: &Value) {
        let id = task["id"].as_u64().unwrap();
        let is_over = !matches!(status(task), "WAITING" | "RUNNING");
        self.saw(before, task);
        let mut state = self.lock();
        state.counts.prunes += u64::from(is_over);
        state.tasks.get_mut(&id).unwrap().is_gone |= is_over;
    }

    /// Records the list of all tasks after a start.
    pub fn listed(&self, before: &BTreeMap<u64, Observed>, tasks: &[Value]) {
        let ids: BTreeSet<u64> = tasks.iter().map(|task| task["id"].as_u64().unwrap()).collect();
        {
            let mut state = self.lock();
            for (id, seen) in &state.tasks {
                assert!(ids.contains(id) || seen.may_be_gone, "task {id} is lost: {}", seen.status);
            }
            let found = ids.iter().filter(|id| !state.tasks.contains_key(id)).count() as u64;
            assert!(found <= state.unanswered, "there are {found} tasks more than were asked for");
            state.unanswered -= found;
            state.counts.found += found;
        }
        let unknown = Observed::default();
        for task in tasks {
            let before = task["id"].as_u64().and_then(|id| before.get(&id));
            self.saw(before.unwrap_or(&unknown), task);
        }
        // Every listed task existed before the start.
        self.lock().tasks.values_mut().for_each(|seen| seen.known_since = 0);
    }

    /// The ids of tasks that are not known to be pruned, either ended or unfinished ones.
    pub fn ids(&self, ended: bool) -> Vec<u64> {
        let state = self.lock();
        let those = state.tasks.iter().filter(|(_, seen)| !seen.is_gone && seen.end.is_some() == ended);
        those.map(|(id, _)| *id).collect()
    }

    /// All observations, by id.
    pub fn tasks(&self) -> BTreeMap<u64, Observed> {
        self.lock().tasks.clone()
    }

    pub fn summary(&self) -> String {
        let state = self.lock();
        let Counts { submits, found, cancels_of_waiting, cancels_of_running, prunes, run_again, ended } =
            &state.counts;
        format!(
            "{submits} imports and exports answered, {found} accepted without an answer, {ended:?}, {run_again} seen to run again, \
             cancelled {cancels_of_waiting} and asked to stop {cancels_of_running}, {prunes} pruned"
        )
    }

    /// Whether every kind of event has occurred.
    pub fn has_seen_everything(&self) -> bool {
        let Counts { submits, cancels_of_waiting, prunes, ended, .. } = &self.lock().counts;
        let ended = |status| ended.get(status).is_some_and(|count| *count > 0);
        *submits > 0 && *cancels_of_waiting > 0 && *prunes > 0 && ended("FINISHED") && ended("CANCELLED")
    }

    fn answer(&self) {
        self.lock().answers_this_round += 1;
        self.answered.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks that a document has the members of its status and no others. The repository is not known if the submit had no response.
fn check_document(task: &Value, repository: Option<&str>) {
    let has = |name: &str| task.get(name).is_some();
    match status(task) {
        "FINISHED" if is_export(task) => assert!(task["result"]["commitId"].is_string(), "{task}"),
        "FINISHED" => {
            let has_commit = task["result"]["commit"]["id"].is_string();
            assert!((has_commit || changes::is_dry_run(task)) && !has("error"), "{task}");
        }
        "FAILED" => {
            // Imports fail only if they were interrupted too often.
            let message = task["error"]["message"].as_str().unwrap();
            let may_fail =
                changes::may_fail(message) && repository.is_none_or(|name| name == changes::REPOSITORY);
            // An export of a repository without a commit.
            let is_of_nothing = is_export(task) && message.starts_with("RefSpec doesn't resolve");
            assert!(is_of_nothing || message.starts_with("interrupted ") || may_fail, "{task}");
        }
        _ => assert!(!has("error"), "{task}"),
    }
}

/// Links contain the address, which changes with each start.
fn without_address(task: &Value) -> Value {
    let mut task = task.clone();
    task.as_object_mut().unwrap().remove("href");
    if let Some(result) = task.get_mut("result").and_then(Value::as_object_mut) {
        result.remove("href");
        result.remove("atom:link");
    }
    task
}

/// Whether a task can change from one status to the other without a crash, perhaps through others in between.
fn can_change(from: &str, to: &str) -> bool {
    match from {
        "" | "WAITING" => true,
        "RUNNING" => to != "WAITING",
        _ => from == to,
    }
}
