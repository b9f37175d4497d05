//! The kinds of job that can run, by their stored names.

use std::{collections::BTreeMap, marker::PhantomData, sync::Arc};

use anyhow::Context as _;

use crate::{AsyncJob, Context, Failure, Job, PublishError, Report};

/// The kinds of job that can run, and the environment they share.
pub struct Registry<E> {
    env: Arc<E>,
    kinds: JobKinds,
}

impl<E: Send + Sync + 'static> Registry<E> {
    /// A registry that knows no job yet.
    pub fn new(env: E) -> Self {
        Self { env: Arc::new(env), kinds: JobKinds::default() }
    }

    /// Adds a [`Job`].
    ///
    /// # Panics
    /// If another job already has its KIND.
    pub fn with<J: Job<Env = E>>(mut self) -> Self {
        self.kinds.add(J::KIND, BlockingKind::<J> { env: self.env.clone(), job: PhantomData });
        self
    }

    /// Adds an [`AsyncJob`].
    ///
    /// # Panics
    /// If another job already has its KIND.
    pub fn with_async<J: AsyncJob<Env = E>>(mut self) -> Self {
        self.kinds.add(J::KIND, AsyncKind::<J> { env: self.env.clone(), job: PhantomData });
        self
    }

    pub(crate) fn into_kinds(self) -> JobKinds {
        self.kinds
    }
}

/// The kinds, without the type of their environment.
#[derive(Default)]
pub(crate) struct JobKinds(BTreeMap<&'static str, Box<dyn JobKind>>);

impl JobKinds {
    fn add(&mut self, name: &'static str, kind: impl JobKind + 'static) {
        let taken = self.0.insert(name, Box::new(kind));
        assert!(taken.is_none(), "two jobs are registered as `{name}`");
    }

    /// The names of all kinds.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&dyn JobKind> {
        self.0.get(name).map(Box::as_ref)
    }
}

/// One kind of job; `job` and `intent` are JSON.
pub(crate) trait JobKind: Send + Sync {
    fn run(&self, job: &str, ctx: &Context) -> Result<Report, Failure>;
    fn publish(&self, job: &str, intent: &str) -> Result<(), PublishError>;
}

struct BlockingKind<J: Job> {
    env: Arc<J::Env>,
    job: PhantomData<fn() -> J>,
}

impl<J: Job> JobKind for BlockingKind<J> {
    fn run(&self, job: &str, ctx: &Context) -> Result<Report, Failure> {
        read::<J>(job, J::KIND)?.run(&self.env, ctx)
    }

    fn publish(&self, job: &str, intent: &str) -> Result<(), PublishError> {
        read::<J>(job, J::KIND)
            .map_err(PublishError::Impossible)?
            .publish(&self.env, serde_json::from_str(intent).map_err(PublishError::impossible)?)
    }
}

struct AsyncKind<J: AsyncJob> {
    env: Arc<J::Env>,
    job: PhantomData<fn() -> J>,
}

impl<J: AsyncJob> JobKind for AsyncKind<J> {
    fn run(&self, job: &str, ctx: &Context) -> Result<Report, Failure> {
        let job = read::<J>(job, J::KIND)?;
        ctx.block_on(job.run(&self.env, ctx))?
    }

    fn publish(&self, job: &str, intent: &str) -> Result<(), PublishError> {
        read::<J>(job, J::KIND)
            .map_err(PublishError::Impossible)?
            .publish(&self.env, serde_json::from_str(intent).map_err(PublishError::impossible)?)
    }
}

fn read<J: serde::de::DeserializeOwned>(job: &str, kind: &str) -> anyhow::Result<J> {
    serde_json::from_str(job).with_context(|| format!("reading the stored `{kind}` job"))
}
