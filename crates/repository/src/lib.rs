#![doc = include_str!("../README.md")]

mod commit;
mod config;
mod dataset;
mod diff;
mod history;
mod id;
mod identity;
mod init;
mod interrupt;
mod layer_path;
mod leftovers;
mod log;
mod ls_tree;
mod name;
mod object;
mod pack;
mod publish;
mod push;
mod repositories;
mod repository;
mod revision;
mod self_contained;
mod sort;
mod stage;
mod sync;
mod unpublished;
mod walk;

pub use commit::{Commit, Person};
pub use dataset::stored::DatasetError;
pub use dataset::{
    BadPath, Dataset, DatasetPath, FeatureEntries, FeatureEntry, FeatureReader, KartColumn, PackedKey,
};
pub use diff::{
    ChangeKind, ChangedLayer, CommitDiff, DiffError, DiffPage, DiffQuery, FeatureChange, FeatureChanges,
    FeatureCounts, FeatureDifference, FeatureGeometry, FeatureKey, FileChange, JsonLines, LayerDiff,
    LayerValues, MetaChange, MetaValue, SchemaChange, schema_changes,
};
/// The name of a commit, tree or blob.
pub use gix::ObjectId;
pub use identity::Identity;
pub use interrupt::{Interrupted, Interrupter};
pub use log::{LogPage, LogQuery, LogRange};
pub use ls_tree::{LsTreeEntries, LsTreeEntry, LsTreeKind, LsTreeQuery};
pub use name::{InvalidName, RepositoryName};
pub use object::Collision;
pub use pack::PackError;
pub use publish::{LockedCommit, Publication};
pub use push::{IncomingPush, PushError, RefUpdate};
pub use repositories::{Repositories, RepositoriesError};
pub use repository::{ReadError, Repository, check_branch};
pub use stage::{
    CommitDetails, FeatureWriter, LayerChanges, LayerStage, Mode, PreviousReader, RevertConflict, Stage,
    StageError, StagedCommit, WrittenFeatures,
};
