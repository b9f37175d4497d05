use std::sync::{Arc, Mutex, MutexGuard, atomic::AtomicBool};

use axum::http::{HeaderValue, request::Parts};
use longhaul_tasks::{Change, Filter, Status, TaskId, Tasks};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, broadcast, mpsc, watch},
    time::{self, MissedTickBehavior},
};

use super::{
    event::{self, Event, EventId},
    snapshot::Snapshot,
    state::{Phase, State, locked},
    stream::{EventStream, Live, Unsubscribe},
    subscriber::{Subscriber, Viewer},
    topic::PROGRESS_INTERVAL,
};
use crate::{ApiError, Renderer, access::Access};

/// The most streams at the same time.
const MAX_STREAMS: usize = 2048;
/// The most frames that wait to be read by one client; a client that lets more wait does not keep up.
const MAX_UNREAD: usize = 256;
/// The most tasks that are looked up at once.
const LOOKUP_BATCH: usize = 128;

/// Notifies long polls and event streams of what happens to tasks.
pub(crate) struct EventBroadcaster {
    tasks: Tasks,
    access: Arc<Access>,
    state: Arc<Mutex<State>>,
    wake: Notify,
    slots: Arc<Semaphore>,
}

/// The result of a request for a task's stream.
pub(crate) enum Subscription {
    Stream(EventStream),
    /// The client has read the last event already.
    NothingMore,
    /// There is no such task any more, or the server is stopping.
    Gone,
}

impl EventBroadcaster {
    pub(crate) fn new(tasks: Tasks, access: Arc<Access>) -> Arc<Self> {
        Arc::new(Self {
            tasks,
            access,
            state: Arc::new(Mutex::new(State::new())),
            wake: Notify::new(),
            slots: Arc::new(Semaphore::new(MAX_STREAMS)),
        })
    }

    /// Waits until the task's document for this caller has another entity tag than `known`; at once if it has already. `None` if
    /// it will have none: the task is gone, or the server is stopping.
    pub(crate) async fn changed(
        self: &Arc<Self>,
        id: TaskId,
        renderer: &Renderer,
        known: &HeaderValue,
    ) -> Option<Arc<Snapshot>> {
        let mut snapshots = self.look_up(id).await?;
        loop {
            let snapshot = snapshots.borrow_and_update().clone()?;
            if snapshot.document(renderer).etag != known {
                return Some(snapshot);
            }
            snapshots.changed().await.ok()?;
        }
    }

    /// A stream of the task's events, from its newest document on, or from what came after `last`.
    ///
    /// # Errors
    /// 503 if there are too many streams.
    pub(crate) async fn subscribe(
        self: &Arc<Self>,
        id: TaskId,
        request: Parts,
        renderer: Renderer,
        last: Option<EventId>,
    ) -> Result<Subscription, ApiError> {
        let slot = self.slot()?;
        // Kept until the subscriber is added, so that the topic is not dropped in between.
        let Some(_snapshots) = self.look_up(id).await else { return Ok(Subscription::Gone) };
        let viewer = self.viewer(request, renderer);
        let mut state = locked(&self.state);
        let Some(joined) = state.join(id, last) else { return Ok(Subscription::Gone) };
        if joined.missed.is_empty() && joined.is_all {
            return Ok(Subscription::NothingMore);
        }
        let live = (!joined.is_all).then(|| self.add_subscriber(&mut state, Some(id), &viewer, slot));
        drop(state);
        // To join may have published an event.
        self.wake.notify_one();
        Ok(Subscription::Stream(EventStream::new(viewer, None, joined.missed, live)))
    }

    /// A stream of the events of all tasks that the caller may see, from what came after `last` on. If that is not known any more
    /// it begins with a `reset`.
    ///
    /// # Errors
    /// 503 if there are too many streams, or the server is stopping.
    pub(crate) fn subscribe_to_all(
        self: &Arc<Self>,
        request: Parts,
        renderer: Renderer,
        last: Option<EventId>,
    ) -> Result<EventStream, ApiError> {
        let slot = self.slot()?;
        let viewer = self.viewer(request, renderer);
        let mut state = self.running().ok_or_else(|| ApiError::unavailable("The server is stopping."))?;
        let joined = state.join_all(last);
        let live = self.add_subscriber(&mut state, None, &viewer, slot);
        drop(state);
        self.wake.notify_one();
        let (reset, missed): (_, Vec<Arc<Event>>) = match joined {
            Ok(missed) => (None, missed),
            Err(current) => (Some(event::reset(current, &viewer.renderer)), Vec::new()),
        };
        Ok(EventStream::new(viewer, reset, missed, Some(live)))
    }

    fn add_subscriber(
        &self,
        state: &mut State,
        task: Option<TaskId>,
        viewer: &Arc<Viewer>,
        slot: OwnedSemaphorePermit,
    ) -> Live {
        let (sender, frames) = mpsc::channel(MAX_UNREAD);
        let (viewer, is_lagging) = (viewer.clone(), AtomicBool::new(false));
        let new = |key| Subscriber { task, key, viewer, frames: sender, is_lagging, _slot: slot };
        let key = state.subscribe(new);
        Live { frames, _subscription: Unsubscribe { state: self.state.clone(), task, key } }
    }

    fn viewer(&self, request: Parts, renderer: Renderer) -> Arc<Viewer> {
        Arc::new(Viewer { request, renderer, access: self.access.clone() })
    }

    fn slot(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let busy = |_| ApiError::unavailable("Too many streams are being read; please try again later.");
        self.slots.clone().try_acquire_owned().map_err(busy)
    }

    /// The task's snapshots, the first of which is not older than this call; `None` if there is no such task, or the server is
    /// stopping.
    async fn look_up(self: &Arc<Self>, id: TaskId) -> Option<watch::Receiver<Option<Arc<Snapshot>>>> {
        let (snapshots, done) = self.running()?.request_lookup(id);
        self.wake.notify_one();
        done.await.ok()?;
        Some(snapshots)
    }

    /// The state, with the loop running; `None` if the server is stopping.
    fn running(self: &Arc<Self>) -> Option<MutexGuard<'_, State>> {
        let mut state = locked(&self.state);
        match state.phase {
            Phase::Stopped => return None,
            Phase::Running => {}
            Phase::Idle => {
                // From here on changes are buffered until the loop receives them.
                let changes = self.tasks.changes();
                state.start();
                tokio::spawn(self.clone().run(changes));
            }
        }
        Some(state)
    }

    async fn run(self: Arc<Self>, mut changes: broadcast::Receiver<Change>) {
        let mut stopping = std::pin::pin!(self.tasks.stopping());
        let mut ticks = time::interval(PROGRESS_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = &mut stopping => return locked(&self.state).stop(),
                _ = ticks.tick() => if !locked(&self.state).tick() { return },
                () = self.wake.notified() => {}
                change = changes.recv() => match change {
                    Ok(change) => self.task_changed(change),
                    Err(_) => locked(&self.state).changes_missed(),
                },
            }
            self.find_running().await;
            self.work_off(&mut changes).await;
        }
    }

    fn task_changed(&self, change: Change) {
        match change {
            Change::Changed(id) | Change::Gone(id) => locked(&self.state).task_changed(id),
            Change::Missed => locked(&self.state).changes_missed(),
        }
    }

    /// Looks up the pending tasks and delivers the events. It goes on receiving changes, of which the engine buffers only so many.
    async fn work_off(&self, changes: &mut broadcast::Receiver<Change>) {
        loop {
            self.receive_all(changes);
            self.deliver(changes).await;
            let lookups = locked(&self.state).next_lookups(LOOKUP_BATCH);
            if lookups.is_empty() {
                return;
            }
            let ids: Vec<_> = lookups.iter().map(|(id, _)| *id).collect();
            match self.tasks.get_many(&ids).await {
                Ok(tasks) => {
                    let mut state = locked(&self.state);
                    for ((id, waiting), task) in lookups.into_iter().zip(tasks) {
                        state.looked_up(id, task);
                        for one in waiting {
                            // The caller may be gone.
                            let _ = one.send(());
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "could not look up tasks that are followed");
                    let mut state = locked(&self.state);
                    ids.into_iter().for_each(|id| state.lookup_failed(id));
                }
            }
            tokio::task::yield_now().await;
        }
    }

    fn receive_all(&self, changes: &mut broadcast::Receiver<Change>) {
        use broadcast::error::TryRecvError;
        loop {
            match changes.try_recv() {
                Ok(change) => self.task_changed(change),
                Err(TryRecvError::Lagged(_)) => locked(&self.state).changes_missed(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    /// Sends what is queued. Access rules are asked and documents rendered here, without the lock.
    async fn deliver(&self, changes: &mut broadcast::Receiver<Change>) {
        loop {
            let delivery = locked(&self.state).next_delivery();
            let Some(delivery) = delivery else { return };
            for lost in delivery.send() {
                locked(&self.state).unsubscribe(lost.task, lost.key);
            }
            self.receive_all(changes);
            tokio::task::yield_now().await;
        }
    }

    /// Queues the lookups of the tasks that are running: once all tasks are followed, their progress has to be known.
    async fn find_running(&self) {
        if !std::mem::take(&mut locked(&self.state).wants_running) {
            return;
        }
        let filter = Filter { status: vec![Status::Running], ..Filter::default() };
        match self.tasks.list(&filter).await {
            Ok(running) => {
                let mut state = locked(&self.state);
                running.iter().for_each(|task| state.task_changed(task.id));
            }
            Err(error) => tracing::warn!(%error, "could not find the tasks that are running"),
        }
    }
}
