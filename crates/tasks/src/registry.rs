//! Which type a stored kind of job is, and what it is lent when it runs.

use std::{collections::BTreeMap, marker::PhantomData, sync::Arc};

use anyhow::Context as _;

use crate::{AsyncJob, Context, Failure, Job, PublishError, Report};

/// The kinds of job that can run, and the environment they share.
pub struct Registry<E> {
    env: Arc<E>,
    kinds: Kinds,
}

impl<E: Send + Sync + 'static> Registry<E> {
    /// A registry that knows no job yet.
    pub fn new(env: E) -> Self {
        Self { env: Arc::new(env), kinds: Kinds::default() }
    }

    /// Adds a [`Job`].
    ///
    /// # Panics
    /// If another job already has its KIND.
    pub fn with<J: Job<Env = E>>(mut self) -> Self {
        self.kinds.add(J::KIND, Blocking::<J> { env: self.env.clone(), job: PhantomData });
        self
    }

    /// Adds an [`AsyncJob`].
    ///
    /// # Panics
    /// If another job already has its KIND.
    pub fn with_async<J: AsyncJob<Env = E>>(mut self) -> Self {
        self.kinds.add(J::KIND, Awaiting::<J> { env: self.env.clone(), job: PhantomData });
        self
    }

    pub(crate) fn into_kinds(self) -> Kinds {
        self.kinds
    }
}

/// The registry once nobody needs to know the environment's type any more.
#[derive(Default)]
pub(crate) struct Kinds(BTreeMap<&'static str, Box<dyn Kind>>);

impl Kinds {
    fn add(&mut self, name: &'static str, kind: impl Kind + 'static) {
        let taken = self.0.insert(name, Box::new(kind));
        assert!(taken.is_none(), "two jobs are registered as `{name}`");
    }

    pub(crate) fn get(&self, name: &str) -> Option<&dyn Kind> {
        self.0.get(name).map(Box::as_ref)
    }
}

/// One kind of job; `job` and `intent` are JSON.
pub(crate) trait Kind: Send + Sync {
    fn run(&self, job: &str, ctx: &Context) -> Result<Report, Failure>;
    fn publish(&self, job: &str, intent: &str) -> Result<(), PublishError>;
}

struct Blocking<J: Job> {
    env: Arc<J::Env>,
    job: PhantomData<fn() -> J>,
}

impl<J: Job> Kind for Blocking<J> {
    fn run(&self, job: &str, ctx: &Context) -> Result<Report, Failure> {
        read::<J>(job, J::KIND)?.run(&self.env, ctx)
    }

    fn publish(&self, job: &str, intent: &str) -> Result<(), PublishError> {
        read::<J>(job, J::KIND)?.publish(&self.env, serde_json::from_str(intent)?)
    }
}

struct Awaiting<J: AsyncJob> {
    env: Arc<J::Env>,
    job: PhantomData<fn() -> J>,
}

impl<J: AsyncJob> Kind for Awaiting<J> {
    fn run(&self, job: &str, ctx: &Context) -> Result<Report, Failure> {
        let job = read::<J>(job, J::KIND)?;
        ctx.block_on(job.run(&self.env, ctx))?
    }

    fn publish(&self, job: &str, intent: &str) -> Result<(), PublishError> {
        read::<J>(job, J::KIND)?.publish(&self.env, serde_json::from_str(intent)?)
    }
}

fn read<J: serde::de::DeserializeOwned>(job: &str, kind: &str) -> anyhow::Result<J> {
    serde_json::from_str(job).with_context(|| format!("reading the stored `{kind}` job"))
}
