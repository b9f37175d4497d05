use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use longhaul_tasks::{Task, TaskId};
use tokio::{
    sync::{oneshot, watch},
    time::Instant,
};

use super::{
    event::{Event, EventId},
    replay_buffer::ReplayBuffer,
    snapshot::Snapshot,
    subscriber::{Delivery, Message, Subscriber},
    topic::{Published, Topic},
};

/// How long the loop runs on without callers, for subscribers that reconnect.
const LINGER: Duration = Duration::from_secs(60);

/// What the loop of the broadcaster and its callers share.
pub(super) struct State {
    pub(super) phase: Phase,
    run: u64,
    number: u64,
    replay_buffer: ReplayBuffer,
    topics: HashMap<TaskId, Topic>,
    /// The subscribers of all tasks.
    subscribers: HashMap<u64, Arc<Subscriber>>,
    /// The same for deliveries; `None` after a change.
    recipients: Option<Arc<[Arc<Subscriber>]>>,
    /// The number of the event since which all tasks are followed, if they are.
    all_since: Option<u64>,
    last_key: u64,
    /// The tasks to look up, and who waits for that.
    pending: BTreeMap<TaskId, Vec<oneshot::Sender<()>>>,
    /// The tasks whose lookup failed; it is repeated at the next tick.
    failed: Vec<TaskId>,
    /// What is to be sent, in order.
    deliveries: VecDeque<Delivery>,
    /// Whether the tasks that are running have to be found.
    pub(super) wants_running: bool,
    until: Instant,
    all_until: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    Running,
    /// For good: the engine is stopping.
    Stopped,
}

/// What a new subscriber of one task gets first.
pub(super) struct Joined {
    /// The events that it missed.
    pub(super) missed: Vec<Arc<Event>>,
    /// Whether there will be no others.
    pub(super) is_all: bool,
}

/// Locks the state. A panic of another thread does not matter: each method leaves it consistent.
pub(super) fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            phase: Phase::Idle,
            // Another one than before a restart, so that ids from before are not mistaken for new ones.
            run: u64::try_from(since_1970.as_micros()).unwrap_or_default(),
            number: 0,
            replay_buffer: ReplayBuffer::default(),
            topics: HashMap::new(),
            subscribers: HashMap::new(),
            recipients: None,
            all_since: None,
            last_key: 0,
            pending: BTreeMap::new(),
            failed: Vec::new(),
            deliveries: VecDeque::new(),
            wants_running: false,
            until: now,
            all_until: now,
        }
    }

    /// Starts to follow changes; those before are not known.
    pub(super) fn start(&mut self) {
        self.phase = Phase::Running;
        self.until = Instant::now() + LINGER;
        self.start_run();
    }

    /// The events from here on do not continue those before.
    fn start_run(&mut self) {
        self.run += 1;
        self.replay_buffer.clear();
    }

    /// Ends all streams and long polls, for good.
    pub(super) fn stop(&mut self) {
        self.clear();
        self.phase = Phase::Stopped;
    }

    fn clear(&mut self) {
        self.phase = Phase::Idle;
        self.replay_buffer.clear();
        self.topics.clear();
        self.subscribers.clear();
        self.recipients = None;
        self.pending.clear();
        self.failed.clear();
        self.deliveries.clear();
        self.all_since = None;
        self.wants_running = false;
    }

    /// Asks for a lookup of the task. The second receiver gets a message after it, and is closed if it failed; the first one
    /// gets each snapshot from then on.
    pub(super) fn request_lookup(
        &mut self,
        id: TaskId,
    ) -> (watch::Receiver<Option<Arc<Snapshot>>>, oneshot::Receiver<()>) {
        let snapshots = self.topic(id).snapshots.subscribe();
        let (sender, done) = oneshot::channel();
        self.pending.entry(id).or_default().push(sender);
        (snapshots, done)
    }

    /// The task has changed.
    pub(super) fn task_changed(&mut self, id: TaskId) {
        if self.all_since.is_some() || self.topics.contains_key(&id) {
            self.pending.entry(id).or_default();
        }
    }

    /// Changes have been missed: everything that is followed is looked up again, and the subscribers of all tasks are told.
    pub(super) fn changes_missed(&mut self) {
        self.start_run();
        let of_all = self.recipients();
        self.deliveries.push_back(Delivery {
            message: Message::Reset(self.current()),
            of_all,
            of_task: Vec::new(),
        });
        for id in self.topics.keys() {
            self.pending.entry(*id).or_default();
        }
        if self.all_since.is_some() {
            self.all_since = Some(self.number);
            self.wants_running = true;
        }
    }

    /// The next tasks to look up, at most `max` of them, and who waits for that.
    pub(super) fn next_lookups(&mut self, max: usize) -> Vec<(TaskId, Vec<oneshot::Sender<()>>)> {
        std::iter::from_fn(|| self.pending.pop_first()).take(max).collect()
    }

    /// The next message to send.
    pub(super) fn next_delivery(&mut self) -> Option<Delivery> {
        self.deliveries.pop_front()
    }

    /// The task is looked up again at the next tick.
    pub(super) fn lookup_failed(&mut self, id: TaskId) {
        self.failed.push(id);
    }

    /// The result of a lookup; `None`: there is no such task.
    pub(super) fn looked_up(&mut self, id: TaskId, task: Option<Task>) {
        let Some(task) = task else { return self.task_gone(id) };
        if self.all_since.is_none() && !self.topics.contains_key(&id) {
            return;
        }
        let now = Instant::now();
        let topic = self.topic(id);
        let snapshot = topic.update(task);
        if topic.is_due(&snapshot, now) {
            self.publish(snapshot, now);
        }
    }

    /// Makes the snapshot an event and queues its delivery.
    fn publish(&mut self, snapshot: Arc<Snapshot>, now: Instant) {
        let id = snapshot.task.id;
        self.number += 1;
        let event = Arc::new(Event::changed(self.current(), snapshot));
        let topic = self.topic(id);
        topic.published = Some(Published { event: event.clone(), at: now });
        let of_task = match event.is_last() {
            true => topic.subscribers.drain().map(|(_, subscriber)| subscriber).collect(),
            false => topic.subscribers.values().cloned().collect(),
        };
        self.deliver(event, of_task);
    }

    /// Ends the streams of a task that was pruned. If there was no event of the task, there is none of its end either.
    fn task_gone(&mut self, id: TaskId) {
        let Some(topic) = self.topics.remove(&id) else { return };
        let Some(published) = topic.published else { return };
        self.number += 1;
        let event = Arc::new(Event::gone(self.current(), published.event.snapshot.clone()));
        self.deliver(event, topic.subscribers.into_values().collect());
    }

    fn deliver(&mut self, event: Arc<Event>, of_task: Vec<Arc<Subscriber>>) {
        self.replay_buffer.push(event.clone());
        let of_all = self.recipients();
        self.deliveries.push_back(Delivery { message: Message::Event(event), of_all, of_task });
    }

    fn recipients(&mut self) -> Arc<[Arc<Subscriber>]> {
        let subscribers = &self.subscribers;
        self.recipients.get_or_insert_with(|| subscribers.values().cloned().collect()).clone()
    }

    fn topic(&mut self, id: TaskId) -> &mut Topic {
        let since = self.number;
        self.topics.entry(id).or_insert_with(|| Topic::new(since))
    }

    /// The id of the newest event.
    fn current(&self) -> EventId {
        EventId { run: self.run, number: self.number }
    }

    /// What a subscriber of one task gets first, `last` being the last event that it had; `None` if the task is gone.
    pub(super) fn join(&mut self, id: TaskId, last: Option<EventId>) -> Option<Joined> {
        let topic = self.topics.get(&id)?;
        let snapshot = topic.snapshots.borrow().clone()?;
        if topic.is_unpublished(&snapshot) {
            self.publish(snapshot, Instant::now());
        }
        let topic = self.topics.get(&id)?;
        let newest = topic.published.as_ref()?.event.clone();
        let is_all = newest.is_last();
        let since = self.all_since.map_or(topic.since, |all_since| all_since.min(topic.since));
        let missed = match self.missed(last.filter(|last| last.number >= since)) {
            Some(missed) => missed.into_iter().filter(|event| event.task() == id).collect(),
            // The newest document contains what those before it said.
            None => vec![newest],
        };
        Some(Joined { missed, is_all })
    }

    /// The events that a subscriber of all tasks has missed; `Err` with the id to continue from, if that is not known.
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
        Some(self.replay_buffer.after(last.number)?.cloned().collect())
    }

    /// Adds the subscriber that `new` makes with its key.
    pub(super) fn subscribe(&mut self, new: impl FnOnce(u64) -> Subscriber) -> u64 {
        self.last_key += 1;
        let key = self.last_key;
        let subscriber = Arc::new(new(key));
        match subscriber.task {
            Some(id) => self.topic(id).subscribers.insert(key, subscriber),
            None => {
                self.recipients = None;
                self.subscribers.insert(key, subscriber)
            }
        };
        key
    }

    pub(super) fn unsubscribe(&mut self, task: Option<TaskId>, key: u64) {
        match task {
            Some(id) => self.topics.get_mut(&id).and_then(|topic| topic.subscribers.remove(&key)),
            None => {
                self.recipients = None;
                self.subscribers.remove(&key)
            }
        };
    }

    /// Queues the lookups of progress, and drops the topics that nobody needs. Whether the loop goes on.
    pub(super) fn tick(&mut self) -> bool {
        let now = Instant::now();
        if !self.subscribers.is_empty() {
            self.all_until = now + LINGER;
        } else if self.all_until < now {
            self.all_since = None;
        }
        let (run, oldest, follows_all) = (self.run, self.replay_buffer.oldest(), self.all_since.is_some());
        self.topics.retain(|_, topic| {
            let is_replayable = |published: &Published| {
                let id = published.event.id;
                id.run == run && oldest.is_some_and(|oldest| id.number >= oldest)
            };
            topic.has_callers()
                || topic.published.as_ref().is_some_and(is_replayable)
                || (follows_all && topic.is_running())
        });
        let has_callers = !self.subscribers.is_empty() || self.topics.values().any(Topic::has_callers);
        if has_callers || follows_all {
            self.until = now + LINGER;
        } else if self.until < now && self.pending.is_empty() {
            self.clear();
            return false;
        }
        let progressing = self
            .topics
            .iter()
            .filter(|(_, topic)| topic.is_running() && (follows_all || topic.has_callers()));
        for id in progressing.map(|(id, _)| *id).chain(self.failed.drain(..)) {
            self.pending.entry(id).or_default();
        }
        true
    }
}
