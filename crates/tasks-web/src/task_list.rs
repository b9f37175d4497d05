//! A list of tasks that is rendered while it is sent, so that its length does not matter.

use std::sync::Arc;

use axum::{body::Body, http::request::Parts};
use bytes::Bytes;
use futures_util::stream;
use longhaul_tasks::{Filter, Page, StoreError};

use crate::{Format, Renderer, document, json::Json, state::TasksState, writer::Writer, xml::Xml};

/// The tasks that a filter selects and the sender of a request may see.
pub(crate) struct TaskList {
    pub(crate) state: Arc<TasksState>,
    pub(crate) request: Parts,
    pub(crate) renderer: Renderer,
    pub(crate) filter: Filter,
}

/// What is left to send.
struct Rest<W> {
    list: TaskList,
    writer: W,
    page: Option<Page>,
}

impl TaskList {
    /// The document, of which `first` is the first page. If that is all, its length is known; otherwise it is aborted if the store
    /// fails.
    pub(crate) fn into_body(self, first: Page) -> Body {
        match self.renderer.format {
            _ if first.next.is_none() => self.renderer.tasks(&first.tasks).into(),
            Format::Xml => self.body::<Xml>(first),
            Format::Json => self.body::<Json>(first),
        }
    }

    fn body<W: Writer + Send + Sync + 'static>(self, first: Page) -> Body {
        let mut writer = W::begin();
        document::open_tasks(&mut writer);
        let rest = Rest { list: self, writer, page: Some(first) };
        Body::from_stream(stream::try_unfold(Some(rest), async |rest| match rest {
            Some(rest) => rest.next_chunk().await.map(Some),
            None => Ok(None),
        }))
    }
}

impl<W: Writer> Rest<W> {
    /// The tasks of at least one page, and what is left after it.
    async fn next_chunk(mut self) -> Result<(Bytes, Option<Self>), StoreError> {
        loop {
            let page = match self.page.take() {
                Some(page) => page,
                None => self.read_page().await?,
            };
            document::entries(&mut self.writer, self.list.renderer.context(), &page.tasks);
            self.list.filter.after = page.next;
            if page.next.is_none() {
                document::close_tasks(&mut self.writer);
                return Ok((self.writer.end().into(), None));
            }
            if !page.tasks.is_empty() {
                let chunk = std::mem::take(self.writer.buffer());
                return Ok((chunk.into(), Some(self)));
            }
            // Of a page that the caller may not see there is nothing to send; other requests get their turn.
            tokio::task::yield_now().await;
        }
    }

    async fn read_page(&self) -> Result<Page, StoreError> {
        let page = self.list.state.visible_to(&self.list.request).page(&self.list.filter).await;
        page.inspect_err(
            |error| tracing::error!(%error, "a list of tasks was cut off: the store does not answer"),
        )
    }
}
