//! What the server has told its clients, and so must stand by.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

/// Shared by all clients.
#[derive(Default)]
pub struct Book {
    entries: Mutex<Entries>,
    answered: Condvar,
}

#[derive(Default)]
struct Entries {
    round: u64,
    answers_this_round: u64,
    /// The server was asked to stop, and hands back what it runs.
    is_stopping: bool,
    tasks: BTreeMap<u64, Told>,
    /// Imports that were asked for, by their marks; answered or not.
    marks: BTreeSet<u64>,
    /// How many of them were not answered, and not found in a list since.
    unanswered: u64,
    counts: Counts,
}

/// What happened so far.
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

/// What was told of one task.
#[derive(Clone, Default)]
pub struct Told {
    /// What its commit says; unknown of a task whose submit was not answered.
    pub mark: Option<u64>,
    pub repository: Option<String>,
    status: String,
    /// The round in which that was.
    round: u64,
    /// The round in which it was first seen.
    known_since: u64,
    /// The document that says how it ended.
    pub end: Option<Value>,
    /// Somebody was told that it is CANCELLED.
    is_cancelled: bool,
    /// A cancel of it was answered while it ran.
    is_to_stop: bool,
    /// Somebody has asked for it to be pruned, and may have been heard.
    may_be_gone: bool,
    /// Somebody was told that it is pruned.
    is_gone: bool,
}

impl Told {
    /// How it ended, if anybody was told.
    pub fn end_status(&self) -> Option<&str> {
        self.end.as_ref().map(status)
    }
}

pub fn status(task: &Value) -> &str {
    task["status"].as_str().unwrap()
}

impl Book {
    /// A server is about to be started.
    pub fn enter_round(&self) {
        let mut entries = self.lock();
        entries.round += 1;
        entries.answers_this_round = 0;
        entries.is_stopping = false;
    }

    pub fn expect_stop(&self) {
        self.lock().is_stopping = true;
    }

    /// Waits until so many requests were answered in this round.
    pub fn wait_for_answers(&self, count: u64) {
        let enough = |entries: &mut Entries| entries.answers_this_round < count;
        drop(self.answered.wait_while(self.lock(), enough).unwrap_or_else(PoisonError::into_inner));
    }

    /// A mark that no other import has, and the highest id that anybody was told.
    pub fn begin_submit(&self) -> (u64, u64) {
        let mut entries = self.lock();
        let mark = entries.marks.len() as u64 + 1;
        entries.marks.insert(mark);
        entries.unanswered += 1;
        (mark, entries.tasks.keys().next_back().copied().unwrap_or(0))
    }

    /// The import was answered with a task.
    pub fn submitted(&self, mark: u64, highest: u64, repository: &str, task: &Value) {
        let id = task["id"].as_u64().unwrap();
        assert!(id > highest, "task {id} was accepted after task {highest} was answered");
        let mut entries = self.lock();
        entries.unanswered -= 1;
        entries.counts.submits += 1;
        let told = entries.tasks.entry(id).or_default();
        assert_eq!(told.mark, None, "two imports were answered with task {id}");
        told.mark = Some(mark);
        told.repository = Some(repository.to_owned());
        drop(entries);
        self.saw(&Told::default(), task);
    }

    /// The server refused it; there must be no task.
    pub fn refused(&self) {
        self.lock().unanswered -= 1;
        self.answer();
    }

    /// What is known of the task when somebody is about to ask; an answer may not fall behind that.
    pub fn told(&self, id: u64) -> Told {
        self.lock().tasks.get(&id).cloned().unwrap_or_default()
    }

    /// Somebody who asked when `before` was known was shown the task.
    ///
    /// Answers may overtake each other on their way, so only what was known at the asking can be held against one.
    pub fn saw(&self, before: &Told, task: &Value) {
        check_document(task);
        let (id, is) = (task["id"].as_u64().unwrap(), status(task));
        let mut entries = self.lock();
        let (round, is_stopping) = (entries.round, entries.is_stopping);
        assert!(!before.is_gone, "task {id} was pruned and is there again: {task}");
        assert!(!before.is_cancelled || is == "CANCELLED", "task {id} was said to be CANCELLED: {task}");
        // What a kill cut short is seen RUNNING after the start until it is decided.
        let may_run_again = is_stopping || before.known_since < round;
        let runs_again = may_run_again && before.status == "RUNNING" && is == "WAITING";
        assert!(runs_again || is_arrow(&before.status, is), "task {id} went from {} to {is}", before.status);
        assert!(!(runs_again && before.is_to_stop), "task {id} was cancelled, and runs again");
        let told = entries.tasks.entry(id).or_default();
        told.is_cancelled |= is == "CANCELLED";
        let is_newer = told.round < round || runs_again || is_arrow(&told.status, is);
        if told.status.is_empty() {
            told.known_since = round;
        }
        if told.end.is_none() && is_newer {
            told.status = is.to_owned();
            told.round = round;
        }
        let has_ended = !matches!(is, "WAITING" | "RUNNING");
        let is_news = has_ended && told.end.is_none();
        if has_ended {
            let end = told.end.get_or_insert_with(|| task.clone());
            assert_eq!(without_address(end), without_address(task), "task {id} changed after its end");
        }
        entries.counts.run_again += u64::from(runs_again);
        if is_news {
            *entries.counts.ended.entry(is.to_owned()).or_default() += 1;
        }
        drop(entries);
        self.answer();
    }

    /// Somebody was told that there is no such task.
    pub fn missed(&self, id: u64) {
        {
            let told = &self.lock().tasks[&id];
            assert!(told.may_be_gone, "task {id} is gone, and nobody pruned it: {:?}", told.status);
        }
        self.answer();
    }

    /// Somebody asked it to stop, and this was the answer; what it was before that is known roughly.
    pub fn cancelled(&self, before: &Told, task: &Value) {
        {
            let mut entries = self.lock();
            match status(task) {
                "WAITING" => panic!("a waiting task is not cancelled at once: {task}"),
                "RUNNING" => entries.counts.cancels_of_running += 1,
                "CANCELLED" => entries.counts.cancels_of_waiting += 1,
                _ => {}
            }
        }
        self.saw(before, task);
        if status(task) == "RUNNING" {
            let id = task["id"].as_u64().unwrap();
            self.lock().tasks.get_mut(&id).unwrap().is_to_stop = true;
        }
    }

    /// Somebody is about to ask for it to be forgotten.
    pub fn begin_prune(&self, id: u64) {
        self.lock().tasks.get_mut(&id).unwrap().may_be_gone = true;
    }

    /// This was the answer: the task once more.
    pub fn pruned(&self, before: &Told, task: &Value) {
        let id = task["id"].as_u64().unwrap();
        let is_over = !matches!(status(task), "WAITING" | "RUNNING");
        self.saw(before, task);
        let mut entries = self.lock();
        entries.counts.prunes += u64::from(is_over);
        entries.tasks.get_mut(&id).unwrap().is_gone |= is_over;
    }

    /// All tasks that there are, right after a start.
    pub fn listed(&self, before: &BTreeMap<u64, Told>, tasks: &[Value]) {
        let ids: BTreeSet<u64> = tasks.iter().map(|task| task["id"].as_u64().unwrap()).collect();
        {
            let mut entries = self.lock();
            for (id, told) in &entries.tasks {
                assert!(ids.contains(id) || told.may_be_gone, "task {id} is lost: {}", told.status);
            }
            let found = ids.iter().filter(|id| !entries.tasks.contains_key(id)).count() as u64;
            assert!(found <= entries.unanswered, "there are {found} tasks more than were asked for");
            entries.unanswered -= found;
            entries.counts.found += found;
        }
        let unknown = Told::default();
        for task in tasks {
            let before = task["id"].as_u64().and_then(|id| before.get(&id));
            self.saw(before.unwrap_or(&unknown), task);
        }
        // Whatever is there at a start was there before.
        self.lock().tasks.values_mut().for_each(|told| told.known_since = 0);
    }

    /// Those that nobody is known to have pruned, and that have ended or not.
    pub fn ids(&self, ended: bool) -> Vec<u64> {
        let entries = self.lock();
        let those = entries.tasks.iter().filter(|(_, told)| !told.is_gone && told.end.is_some() == ended);
        those.map(|(id, _)| *id).collect()
    }

    /// All that was told, by id.
    pub fn tasks(&self) -> BTreeMap<u64, Told> {
        self.lock().tasks.clone()
    }

    pub fn summary(&self) -> String {
        let entries = self.lock();
        let Counts { submits, found, cancels_of_waiting, cancels_of_running, prunes, run_again, ended } =
            &entries.counts;
        format!(
            "{submits} imports answered, {found} accepted without an answer, {ended:?}, {run_again} seen to run again, \
             cancelled {cancels_of_waiting} and asked to stop {cancels_of_running}, {prunes} pruned"
        )
    }

    /// Whether the run was worth anything.
    pub fn has_seen_everything(&self) -> bool {
        let Counts { submits, cancels_of_waiting, prunes, ended, .. } = &self.lock().counts;
        let ended = |status| ended.get(status).is_some_and(|count| *count > 0);
        *submits > 0 && *cancels_of_waiting > 0 && *prunes > 0 && ended("FINISHED") && ended("CANCELLED")
    }

    fn answer(&self) {
        self.lock().answers_this_round += 1;
        self.answered.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task is told of with what belongs to its status, and nothing else.
fn check_document(task: &Value) {
    let has = |name: &str| task.get(name).is_some();
    match status(task) {
        "FINISHED" => assert!(task["result"]["commit"]["id"].is_string() && !has("error"), "{task}"),
        "FAILED" => {
            // Only what was cut short too often fails here.
            let message = task["error"]["message"].as_str().unwrap();
            assert!(message.starts_with("interrupted "), "{task}");
        }
        _ => assert!(!has("error"), "{task}"),
    }
}

/// Links begin with the address, which is another after each start.
fn without_address(task: &Value) -> Value {
    let mut task = task.clone();
    task.as_object_mut().unwrap().remove("href");
    task
}

/// Whether a task can have come from one status to the other without a crash; what lies between need not have been seen.
fn is_arrow(from: &str, to: &str) -> bool {
    match from {
        "" | "WAITING" => true,
        "RUNNING" => to != "WAITING",
        _ => from == to,
    }
}
