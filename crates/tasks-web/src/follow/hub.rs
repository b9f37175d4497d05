use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderValue, StatusCode, request::Parts};
use longhaul_tasks::{Change, Filter, Status, TaskId, Tasks};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, broadcast, mpsc, watch},
    time::{self, MissedTickBehavior},
};

use super::{
    event::EventId,
    reader::{BEHIND, Leave, Reader, Stream},
    state::{PACE, Phase, State},
    view::View,
};
use crate::{ApiError, Printer, access::Access};

/// Streams at the same time.
const MOST_STREAMS: usize = 2048;
/// Looks after which others get their turn.
const LOOKS_AT_ONCE: usize = 128;

/// Follows tasks for whoever wants to know of changes.
pub(crate) struct Hub {
    tasks: Tasks,
    access: Arc<Access>,
    state: Mutex<State>,
    wake: Notify,
    places: Arc<Semaphore>,
}

/// What becomes of the wish to read a task's stream.
pub(crate) enum Followed {
    /// This is to be read.
    Stream(Stream),
    /// The reader knows everything already that will ever happen.
    NothingMore,
    /// There is no such task, or no longer; or the server is stopping.
    Gone,
}

impl Hub {
    pub(crate) fn new(tasks: Tasks, access: Arc<Access>) -> Arc<Self> {
        Arc::new(Self {
            tasks,
            access,
            state: Mutex::new(State::new()),
            wake: Notify::new(),
            places: Arc::new(Semaphore::new(MOST_STREAMS)),
        })
    }

    /// Waits until the task's document for this caller is another than the one of the tag `known`; at once if it is already.
    /// `None` if there will be none: the task is gone, or the server stops.
    pub(crate) async fn changed(
        self: &Arc<Self>,
        id: TaskId,
        printer: &Printer,
        known: &HeaderValue,
    ) -> Option<Arc<View>> {
        let mut views = self.look(id).await?;
        loop {
            let view = views.borrow_and_update().clone()?;
            if view.document(printer).tag != known {
                return Some(view);
            }
            views.changed().await.ok()?;
        }
    }

    /// A stream of what happens to the task, from its newest document on, or from what came after `last`.
    ///
    /// # Errors
    /// 503 if there are too many streams.
    pub(crate) async fn follow(
        self: &Arc<Self>,
        id: TaskId,
        request: &Parts,
        printer: &Printer,
        last: Option<EventId>,
    ) -> Result<Followed, ApiError> {
        let place = self.place()?;
        // Kept until the reader is on the list, so that the task is followed without a gap.
        let Some(_views) = self.look(id).await else { return Ok(Followed::Gone) };
        let mut state = self.state();
        let Some(joined) = state.join(id, last, &self.access) else { return Ok(Followed::Gone) };
        if joined.missed.is_empty() && joined.is_all {
            return Ok(Followed::NothingMore);
        }
        let (reader, frames) = reader(request, printer, place, joined.missed.len());
        reader.tell_all(&joined.missed, &self.access);
        let leave = (!joined.is_all).then(|| self.leave_later(Some(id), state.add(Some(id), reader)));
        Ok(Followed::Stream(Stream::new(frames, leave)))
    }

    /// A stream of what happens to any task that the caller may see, from what came after `last` on. Where that is not known
    /// any more it begins with a `reset`.
    ///
    /// # Errors
    /// 503 if there are too many streams, or the server is stopping.
    pub(crate) fn follow_all(
        self: &Arc<Self>,
        request: &Parts,
        printer: &Printer,
        last: Option<EventId>,
    ) -> Result<Stream, ApiError> {
        let place = self.place()?;
        let mut state = self.following().ok_or_else(stopping)?;
        let missed = state.join_all(last);
        let (reader, frames) = reader(request, printer, place, missed.as_ref().map_or(1, Vec::len));
        match missed {
            Ok(missed) => reader.tell_all(&missed, &self.access),
            Err(current) => {
                reader.reset(current);
            }
        }
        let leave = self.leave_later(None, state.add(None, reader));
        drop(state);
        self.wake.notify_one();
        Ok(Stream::new(frames, Some(leave)))
    }

    /// Takes a reader off the list.
    pub(super) fn leave(&self, task: Option<TaskId>, key: u64) {
        self.state().remove(task, key);
    }

    fn leave_later(self: &Arc<Self>, task: Option<TaskId>, key: u64) -> Leave {
        Leave { hub: self.clone(), task, key, is_done: false }
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        self.places.clone().try_acquire_owned().map_err(|_| {
            let message = "Too many streams are being read; please try again later.";
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message)
        })
    }

    /// The views of a task, the first of which is not older than this call; `None` if there is no task, or the server stops.
    async fn look(self: &Arc<Self>, id: TaskId) -> Option<watch::Receiver<Option<Arc<View>>>> {
        let (views, looked) = self.following()?.ask(id);
        self.wake.notify_one();
        looked.await.ok()?;
        Some(views)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of a follower that is at work; `None` if the server stops.
    fn following(self: &Arc<Self>) -> Option<MutexGuard<'_, State>> {
        let mut state = self.state();
        match state.phase {
            Phase::Stopped => return None,
            Phase::Following => {}
            Phase::Idle => {
                // Whatever happens from here on is heard, though nobody listens yet.
                let changes = self.tasks.changes();
                state.begin();
                tokio::spawn(self.clone().run(changes));
            }
        }
        Some(state)
    }

    async fn run(self: Arc<Self>, mut changes: broadcast::Receiver<Change>) {
        let mut stopping = std::pin::pin!(self.tasks.stopping());
        let mut pace = time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = &mut stopping => return self.state().stop(),
                _ = pace.tick() => if !self.state().tick() { return },
                () = self.wake.notified() => {}
                heard = changes.recv() => self.hear(heard),
            }
            self.look_at_what_was_asked(&mut changes).await;
        }
    }

    fn hear(&self, heard: Result<Change, broadcast::error::RecvError>) {
        match heard {
            Ok(Change::Changed(id) | Change::Gone(id)) => self.state().hear(id),
            Err(_) => self.state().hear_too_late(),
        }
    }

    /// Looks at one task after the other; meanwhile it goes on hearing, because only so much waits to be heard.
    async fn look_at_what_was_asked(&self, changes: &mut broadcast::Receiver<Change>) {
        self.find_what_runs().await;
        let mut looks = 0;
        loop {
            self.hear_all(changes);
            let Some((id, asked)) = self.state().next() else { return };
            match self.tasks.get(id).await {
                Ok(task) => {
                    self.state().see(id, task, &self.access);
                    for one in asked {
                        // They may have left.
                        let _ = one.send(());
                    }
                }
                Err(error) => {
                    tracing::warn!(task = %id, %error, "could not look at a task that is followed");
                    self.state().could_not_look(id);
                }
            }
            looks += 1;
            if looks % LOOKS_AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    fn hear_all(&self, changes: &mut broadcast::Receiver<Change>) {
        use broadcast::error::TryRecvError;
        loop {
            match changes.try_recv() {
                Ok(Change::Changed(id) | Change::Gone(id)) => self.state().hear(id),
                Err(TryRecvError::Lagged(_)) => self.state().hear_too_late(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    /// Whose progress is to be looked at, once every task is followed.
    async fn find_what_runs(&self) {
        if !std::mem::take(&mut self.state().wants_running) {
            return;
        }
        let filter = Filter { status: vec![Status::Running], ..Filter::default() };
        match self.tasks.list(&filter).await {
            Ok(running) => running.iter().for_each(|task| self.state().hear(task.id)),
            Err(error) => tracing::warn!(%error, "could not find out which tasks run"),
        }
    }
}

fn stopping() -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "The server is stopping.")
}

/// A reader who misses so many events, and what it reads.
fn reader(
    request: &Parts,
    printer: &Printer,
    place: OwnedSemaphorePermit,
    missed: usize,
) -> (Reader, mpsc::Receiver<bytes::Bytes>) {
    let (sender, frames) = mpsc::channel(missed + BEHIND);
    let request = Arc::new(request.clone());
    (Reader { request, printer: printer.clone(), frames: sender, _place: place }, frames)
}
