//! The last-known-good file: the config as it was last fetched, for a start while the endpoint is down.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{ConfigTag, ProjectConfig, TextHash};

/// The file's place, and whose config it is to hold.
#[derive(Clone, Debug)]
pub(crate) struct SavedConfig {
    path: PathBuf,
    /// Of the SDK key, the endpoint and the environment: another project's config must not be served.
    identity: String,
}

/// A config read back.
#[derive(Debug)]
pub(crate) struct Saved {
    pub(crate) config: ProjectConfig,
    pub(crate) tag: ConfigTag,
    /// When the endpoint last served or confirmed it.
    pub(crate) unix_time: Duration,
}

/// The file's first line; the config as served is the rest.
#[derive(Serialize, Deserialize)]
struct Header {
    convert_config: u32,
    identity: String,
    etag: Option<String>,
    hash: Option<String>,
    unix_seconds: u64,
}

const VERSION: u32 = 1;

/// More than any header takes.
const MAX_HEADER_BYTES: u64 = 64 * 1024;

impl SavedConfig {
    pub(crate) fn new(path: PathBuf, config_url: &str) -> Self {
        let hash = murmur3::murmur3_x64_128(&mut Cursor::new(config_url), 0).unwrap_or_default();
        Self { path, identity: format!("{hash:032x}") }
    }

    /// The saved config; `None`, with a warning unless there is no file, where it cannot be used.
    pub(crate) fn load(&self, max_config_bytes: usize) -> Option<Saved> {
        match self.read(max_config_bytes) {
            Ok(saved) => Some(saved),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                let path = self.path.display();
                tracing::warn!(target: "convert", "the last-known-good file {path} cannot be used: {error}");
                None
            }
        }
    }

    fn read(&self, max_config_bytes: usize) -> io::Result<Saved> {
        // One byte over the limit, which the parser then refuses.
        let limit = u64::try_from(max_config_bytes).unwrap_or(u64::MAX).saturating_add(MAX_HEADER_BYTES);
        let mut text = Vec::new();
        File::open(&self.path)?.take(limit).read_to_end(&mut text)?;
        let invalid = |message: &'static str| io::Error::new(io::ErrorKind::InvalidData, message);
        let end = text.iter().position(|byte| *byte == b'\n').ok_or_else(|| invalid("it has no header"))?;
        let (header, config) = text.split_at(end);
        let header: Header = serde_json::from_slice(header).map_err(|_| invalid("its header cannot be read"))?;
        if header.convert_config != VERSION {
            return Err(invalid("it is of another version of the SDK"));
        }
        if header.identity != self.identity {
            return Err(invalid("it is of another SDK key, endpoint or environment"));
        }
        let hash = config.strip_prefix(b"\n").and_then(TextHash::of);
        let tag = ConfigTag { etag: header.etag.map(Arc::from), hash };
        let config = ProjectConfig::parse(config).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Saved { config, tag, unix_time: Duration::from_secs(header.unix_seconds) })
    }

    /// Writes a config as served. A process that ends half-way leaves the file before it.
    pub(super) fn write(&self, config: &[u8], tag: &ConfigTag, unix_time: Duration) -> io::Result<()> {
        let header = serde_json::to_vec(&self.header(tag, unix_time))?;
        let beside = self.path_beside();
        let written = write_new(&beside, &[&header, b"\n", config]).and_then(|()| fs::rename(&beside, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written
    }

    /// Notes that the endpoint has confirmed the config with this tag, if the file holds it. In place, since a header keeps
    /// its length: the config is not written again.
    pub(super) fn confirm(&self, tag: &ConfigTag, unix_time: Duration) -> io::Result<()> {
        let mut file = match OpenOptions::new().read(true).write(true).open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            file => file?,
        };
        let mut line = Vec::new();
        BufReader::new((&file).take(MAX_HEADER_BYTES)).read_until(b'\n', &mut line)?;
        let Ok(known) = serde_json::from_slice::<Header>(&line) else { return Ok(()) };
        let header = self.header(tag, unix_time);
        let is_this = known.identity == header.identity && known.hash.is_some() && known.hash == header.hash;
        let text = serde_json::to_vec(&header)?;
        if !is_this
            || known.unix_seconds >= header.unix_seconds
            || line.strip_suffix(b"\n").map(<[u8]>::len) != Some(text.len())
        {
            return Ok(());
        }
        file.rewind()?;
        file.write_all(&text)
    }

    fn header(&self, tag: &ConfigTag, unix_time: Duration) -> Header {
        Header {
            convert_config: VERSION,
            identity: self.identity.clone(),
            etag: tag.etag.as_deref().map(str::to_owned),
            hash: tag.hash.map(|hash| hash.to_string()),
            unix_seconds: unix_time.as_secs(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// In the same folder, so that it can be renamed; of this process only.
    fn path_beside(&self) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}-{:08x}", std::process::id(), fastrand::u32(..)));
        self.path.with_file_name(name)
    }
}

fn write_new(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &[u8] = br#"{"account_id":"1","project":{"id":"2"}}"#;
    const URL: &str = "https://cdn.test/api/v1/config/1/2?environment=live";
    const LIMIT: usize = 1 << 20;

    fn tag(etag: &str) -> ConfigTag {
        ConfigTag { etag: Some(etag.into()), hash: TextHash::of(CONFIG) }
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("convert-saved-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_config_comes_back_with_its_tag_and_age() {
        let folder = folder("back");
        let file = SavedConfig::new(folder.join("config"), URL);
        assert!(file.load(LIMIT).is_none());
        file.write(CONFIG, &tag("\"7\""), Duration::from_secs(1_704_067_200)).unwrap();
        file.write(CONFIG, &tag("\"8\""), Duration::from_secs(1_704_067_201)).unwrap();
        let saved = file.load(LIMIT).unwrap();
        assert_eq!((saved.config.project_id(), saved.tag.etag.as_deref()), ("2", Some("\"8\"")));
        assert_eq!((saved.unix_time, saved.tag.hash), (Duration::from_secs(1_704_067_201), TextHash::of(CONFIG)));
        let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["config"], "nothing is left beside it");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_confirmation_renews_the_time_of_the_config_that_it_is_about() {
        let folder = folder("confirmed");
        let file = SavedConfig::new(folder.join("config"), URL);
        let time = |seconds: u64| Duration::from_secs(1_704_067_200 + seconds);
        file.confirm(&tag("1"), time(0)).unwrap();
        assert!(file.load(LIMIT).is_none(), "there is no file");
        file.write(CONFIG, &tag("1"), time(0)).unwrap();
        file.confirm(&tag("1"), time(60)).unwrap();
        let saved = file.load(LIMIT).unwrap();
        assert_eq!((saved.unix_time, saved.config.project_id()), (time(60), "2"));
        // An older confirmation, one of another text, and one of another key.
        file.confirm(&tag("1"), time(30)).unwrap();
        file.confirm(&ConfigTag { hash: TextHash::of(b"{}"), ..tag("1") }, time(90)).unwrap();
        SavedConfig::new(file.path().to_owned(), "https://other.test").confirm(&tag("1"), time(90)).unwrap();
        assert_eq!(file.load(LIMIT).unwrap().unix_time, time(60));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_config_of_another_key_or_environment_is_not_served() {
        let folder = folder("other");
        let path = folder.join("config");
        SavedConfig::new(path.clone(), URL).write(CONFIG, &ConfigTag::default(), Duration::ZERO).unwrap();
        let error = SavedConfig::new(path, &URL.replace("live", "staging")).read(LIMIT).unwrap_err();
        assert!(error.to_string().contains("environment"), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_is_cut_or_foreign_is_none() {
        let folder = folder("cut");
        let file = SavedConfig::new(folder.join("config"), URL);
        file.write(CONFIG, &ConfigTag::default(), Duration::ZERO).unwrap();
        let whole = fs::read(file.path()).unwrap();
        for length in 0..whole.len() {
            fs::write(file.path(), &whole[..length]).unwrap();
            assert!(file.load(LIMIT).is_none(), "cut at {length}");
        }
        for foreign in [&b"{}\n{}"[..], b"\n", b"[1]\n[1]", b"\xff\xfe\n", CONFIG] {
            fs::write(file.path(), foreign).unwrap();
            assert!(file.load(LIMIT).is_none());
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_write_that_fails_leaves_nothing_behind() {
        let folder = folder("fails");
        let taken = folder.join("config");
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("x"), "x").unwrap();
        assert!(SavedConfig::new(taken, URL).write(CONFIG, &ConfigTag::default(), Duration::ZERO).is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert!(
            SavedConfig::new(folder.join("no/such/folder"), URL)
                .write(CONFIG, &ConfigTag::default(), Duration::ZERO)
                .is_err()
        );
        fs::remove_dir_all(folder).unwrap();
    }
}
