use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use longhaul_tasks::{Status, Task, TaskId};
use tokio::{
    sync::{oneshot, watch},
    time::Instant,
};

use super::{
    event::{Event, EventId},
    reader::Reader,
    ring::Ring,
    view::View,
};
use crate::access::Access;

/// How often progress is looked at, and told of on streams.
pub(super) const PACE: Duration = Duration::from_millis(100);
/// How long changes are followed when nobody waits any more, for readers that come back.
const LINGER: Duration = Duration::from_secs(60);

/// What the follower knows, and for whom. Nothing here waits for anything.
pub(super) struct State {
    pub(super) phase: Phase,
    run: u64,
    number: u64,
    ring: Ring,
    topics: HashMap<TaskId, Topic>,
    /// Who reads of every task.
    readers: HashMap<u64, Reader>,
    /// Since which event every task is followed, if it is.
    all_since: Option<u64>,
    last_key: u64,
    /// What is to be looked at, and who waits for that.
    asked: BTreeMap<TaskId, Vec<oneshot::Sender<()>>>,
    /// What could not be looked at.
    failed: Vec<TaskId>,
    /// Whether the tasks that run now are to be found out.
    pub(super) wants_running: bool,
    until: Instant,
    all_until: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    Following,
    /// For good: the engine stops.
    Stopped,
}

/// A task that is followed.
struct Topic {
    /// After which event all that happened to it is known.
    since: u64,
    /// The newest view; nothing before the first look.
    views: watch::Sender<Option<Arc<View>>>,
    told: Option<Told>,
    readers: HashMap<u64, Reader>,
}

/// What streams were told last of a task.
struct Told {
    event: Arc<Event>,
    at: Instant,
}

/// What a reader of one task's stream gets.
pub(super) struct Joined {
    /// What it missed.
    pub(super) missed: Vec<Arc<Event>>,
    /// Whether that is all that there will be.
    pub(super) is_all: bool,
}

impl State {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            phase: Phase::Idle,
            // Another one than before a restart, so that ids of then are not taken for ids of now.
            run: u64::try_from(since_1970.as_micros()).unwrap_or_default(),
            number: 0,
            ring: Ring::default(),
            topics: HashMap::new(),
            readers: HashMap::new(),
            all_since: None,
            last_key: 0,
            asked: BTreeMap::new(),
            failed: Vec::new(),
            wants_running: false,
            until: now,
            all_until: now,
        }
    }

    /// Begins to follow; what happened meanwhile is not known.
    pub(super) fn begin(&mut self) {
        self.phase = Phase::Following;
        self.until = Instant::now() + LINGER;
        self.begin_run();
    }

    /// Events from here on do not follow on those before.
    fn begin_run(&mut self) {
        self.run += 1;
        self.ring.clear();
    }

    /// Lets go of everybody, for good.
    pub(super) fn stop(&mut self) {
        self.clear();
        self.phase = Phase::Stopped;
    }

    fn clear(&mut self) {
        self.phase = Phase::Idle;
        self.ring.clear();
        self.topics.clear();
        self.readers.clear();
        self.asked.clear();
        self.failed.clear();
        self.all_since = None;
        self.wants_running = false;
    }

    /// Has a task looked at; the answer says that it was, and is dropped where it could not be. From now on its views can be
    /// watched.
    pub(super) fn ask(&mut self, id: TaskId) -> (watch::Receiver<Option<Arc<View>>>, oneshot::Receiver<()>) {
        let views = self.topic(id).views.subscribe();
        let (asked, answer) = oneshot::channel();
        self.asked.entry(id).or_default().push(asked);
        (views, answer)
    }

    /// Something has happened to a task.
    pub(super) fn hear(&mut self, id: TaskId) {
        if self.all_since.is_some() || self.topics.contains_key(&id) {
            self.asked.entry(id).or_default();
        }
    }

    /// Nobody knows what has happened: everything that is followed is looked at again, and readers are told.
    pub(super) fn hear_too_late(&mut self) {
        self.begin_run();
        let id = self.current();
        self.readers.retain(|_, reader| reader.reset(id));
        for id in self.topics.keys() {
            self.asked.entry(*id).or_default();
        }
        if self.all_since.is_some() {
            self.all_since = Some(self.number);
            self.wants_running = true;
        }
    }

    /// What is to be looked at next, and who waits for that.
    pub(super) fn next(&mut self) -> Option<(TaskId, Vec<oneshot::Sender<()>>)> {
        self.asked.pop_first()
    }

    /// Looks once more at the next opportunity.
    pub(super) fn could_not_look(&mut self, id: TaskId) {
        self.failed.push(id);
    }

    /// The task is like this; `None`: there is none.
    pub(super) fn see(&mut self, id: TaskId, task: Option<Task>, access: &Access) {
        let Some(task) = task else { return self.forget(id, access) };
        if self.all_since.is_none() && !self.topics.contains_key(&id) {
            return;
        }
        let now = Instant::now();
        let topic = self.topic(id);
        let view = topic.renew(task);
        if topic.is_due(&view, now) {
            self.tell(view, now, access);
        }
    }

    fn tell(&mut self, view: Arc<View>, now: Instant, access: &Access) {
        let id = view.task.id;
        self.number += 1;
        let event = Arc::new(Event::changed(self.current(), view));
        self.ring.push(event.clone());
        self.readers.retain(|_, reader| reader.tell(&event, access));
        let topic = self.topic(id);
        if event.is_last() {
            part(topic.readers.drain(), &event, access);
        } else {
            topic.readers.retain(|_, reader| reader.tell(&event, access));
        }
        topic.told = Some(Told { event, at: now });
    }

    /// Lets go of those who follow a task that is gone. Of one that nobody was told of there is nothing to tell.
    fn forget(&mut self, id: TaskId, access: &Access) {
        let Some(topic) = self.topics.remove(&id) else { return };
        let Some(told) = topic.told else { return };
        self.number += 1;
        let event = Arc::new(Event::gone(self.current(), told.event.view.clone()));
        self.ring.push(event.clone());
        self.readers.retain(|_, reader| reader.tell(&event, access));
        part(topic.readers, &event, access);
    }

    fn topic(&mut self, id: TaskId) -> &mut Topic {
        let since = self.number;
        self.topics.entry(id).or_insert_with(|| Topic::new(since))
    }

    /// The id of the newest event.
    fn current(&self) -> EventId {
        EventId { run: self.run, number: self.number }
    }

    /// What a reader of one task has to be told at first, `last` being what it was told before; `None` if the task is gone.
    pub(super) fn join(&mut self, id: TaskId, last: Option<EventId>, access: &Access) -> Option<Joined> {
        let topic = self.topics.get(&id)?;
        let view = topic.views.borrow().clone()?;
        if topic.has_to_tell(&view) {
            self.tell(view, Instant::now(), access);
        }
        let topic = self.topics.get(&id)?;
        let told = topic.told.as_ref()?.event.clone();
        let is_all = told.is_last();
        let since = self.all_since.map_or(topic.since, |all_since| all_since.min(topic.since));
        let missed = match self.missed(last.filter(|last| last.number >= since)) {
            Some(missed) => missed.into_iter().filter(|event| event.task() == id).collect(),
            // The newest document says all that those before it said.
            None => vec![told],
        };
        Some(Joined { missed, is_all })
    }

    /// What a reader of all tasks has to be told at first; `Err` with the id to go on from, if that is not known.
    pub(super) fn join_all(&mut self, last: Option<EventId>) -> Result<Vec<Arc<Event>>, EventId> {
        let since = *self.all_since.get_or_insert_with(|| {
            self.wants_running = true;
            self.number
        });
        self.missed(last.filter(|last| last.number >= since)).ok_or(self.current())
    }

    /// The events after `last`, if all of them are known.
    fn missed(&self, last: Option<EventId>) -> Option<Vec<Arc<Event>>> {
        let last = last.filter(|last| last.run == self.run && last.number <= self.number)?;
        if last.number == self.number {
            return Some(Vec::new());
        }
        Some(self.ring.after(last.number)?.cloned().collect())
    }

    /// Tells the reader of what happens from now on, to this task or to all. The key takes it back.
    pub(super) fn add(&mut self, task: Option<TaskId>, reader: Reader) -> u64 {
        self.last_key += 1;
        let key = self.last_key;
        let readers = match task {
            Some(id) => &mut self.topic(id).readers,
            None => &mut self.readers,
        };
        readers.insert(key, reader);
        key
    }

    pub(super) fn remove(&mut self, task: Option<TaskId>, key: u64) {
        let readers = match task {
            Some(id) => self.topics.get_mut(&id).map(|topic| &mut topic.readers),
            None => Some(&mut self.readers),
        };
        readers.and_then(|readers| readers.remove(&key));
    }

    /// Has progress looked at, and forgets what nobody needs any more. Whether to go on following.
    pub(super) fn tick(&mut self) -> bool {
        let now = Instant::now();
        if !self.readers.is_empty() {
            self.all_until = now + LINGER;
        } else if self.all_until < now {
            self.all_since = None;
        }
        let (run, oldest, follows_all) = (self.run, self.ring.oldest(), self.all_since.is_some());
        self.topics.retain(|_, topic| {
            let is_kept = |told: &Told| {
                told.event.id.run == run && oldest.is_some_and(|oldest| told.event.id.number >= oldest)
            };
            topic.has_followers()
                || topic.told.as_ref().is_some_and(is_kept)
                || (follows_all && topic.is_running())
        });
        let has_followers = !self.readers.is_empty() || self.topics.values().any(Topic::has_followers);
        if has_followers || follows_all {
            self.until = now + LINGER;
        } else if self.until < now && self.asked.is_empty() {
            self.clear();
            return false;
        }
        let sampled = self
            .topics
            .iter()
            .filter(|(_, topic)| topic.is_running() && (follows_all || topic.has_followers()));
        for id in sampled.map(|(id, _)| *id).chain(self.failed.drain(..)) {
            self.asked.entry(id).or_default();
        }
        true
    }
}

/// Tells readers of the last event, and lets go of each at once: it then reads both together, and they are one packet.
fn part(readers: impl IntoIterator<Item = (u64, Reader)>, event: &Event, access: &Access) {
    for (_, reader) in readers {
        reader.tell(event, access);
    }
}

impl Topic {
    fn new(since: u64) -> Self {
        Self { since, views: watch::Sender::default(), told: None, readers: HashMap::new() }
    }

    /// The view of this task as it is now; the one there is, if it says the same.
    fn renew(&self, task: Task) -> Arc<View> {
        let known = self.views.borrow().clone().filter(|view| view.says_the_same(&task));
        known.unwrap_or_else(|| {
            let view = Arc::new(View::new(task));
            self.views.send_replace(Some(view.clone()));
            view
        })
    }

    fn has_to_tell(&self, view: &Arc<View>) -> bool {
        self.told.as_ref().is_none_or(|told| !Arc::ptr_eq(&told.event.view, view))
    }

    /// Whether streams are to be told of the view now: at once of all but progress.
    fn is_due(&self, view: &Arc<View>, now: Instant) -> bool {
        let Some(told) = &self.told else { return true };
        self.has_to_tell(view)
            && (!told.event.view.is_at_the_same_point(&view.task) || now.duration_since(told.at) >= PACE)
    }

    fn has_followers(&self) -> bool {
        self.views.receiver_count() > 0 || !self.readers.is_empty()
    }

    fn is_running(&self) -> bool {
        self.views.borrow().as_ref().is_some_and(|view| view.task.status == Status::Running)
    }
}
