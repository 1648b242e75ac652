//! A Part 10 file as the instance it holds.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_encoding::Codec;
use dicom_transfer_syntax_registry::{TransferSyntaxIndex, TransferSyntaxRegistry};
use serde::Deserialize;

use super::data_set::{Damage, DataSet, Scope};
use super::encoding::Encoding;
use super::file_meta;
use super::source::Source;

/// The first element of the pixel data group that holds samples; nothing from there on is read.
const PIXELS: Tag = Tag(0x7FE0, 0x0001);

/// An instance without its pixels.
#[derive(Clone, PartialEq, Eq)]
pub struct Instance {
    /// Study Instance UID (0020,000D).
    pub study: String,
    /// Series Instance UID (0020,000E).
    pub series: String,
    /// SOP Instance UID (0008,0018).
    pub instance: String,
    /// SOP Class UID (0008,0016), else Media Storage SOP Class UID (0002,0002), else empty.
    pub sop_class: String,
    /// Transfer Syntax UID (0002,0010); without it, the uncompressed one that the bytes show.
    pub transfer_syntax: String,
    /// The data set as a DICOM JSON object (PS3.18 annex F) in UTF-8, without bulk data.
    pub metadata: String,
}

// The metadata names the patient.
impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance")
            .field("study", &self.study)
            .field("series", &self.series)
            .field("instance", &self.instance)
            .field("sop_class", &self.sop_class)
            .field("transfer_syntax", &self.transfer_syntax)
            .finish_non_exhaustive()
    }
}

/// Why a file is no instance.
#[derive(Debug, thiserror::Error)]
pub enum Part10Error {
    /// The file could not be read from disk.
    #[error("cannot read the file: {0}")]
    Io(#[from] io::Error),
    /// Neither the DICM prefix nor an element that begins a data set.
    #[error("not DICOM")]
    NotDicom,
    /// DICOM, but damaged before the identifying attributes were found.
    #[error("DICOM, but unreadable: {reason}; send the original file again")]
    Unreadable {
        /// What was found, and where.
        reason: String,
    },
    /// DICOM, read to the end, without an attribute that identifies an instance.
    #[error("DICOM without {keyword}: not an instance of a study (a DICOMDIR, for example)")]
    Missing {
        /// The attribute's keyword by PS3.6.
        keyword: &'static str,
    },
}

/// Reads a file up to its pixel data.
///
/// # Errors
/// The file cannot be read, or holds no instance; see [`Part10Error`].
pub fn read(path: &Path) -> Result<Instance, Part10Error> {
    from_source(Source::new(BufReader::new(File::open(path)?)))
}

/// Reads an instance from the content of a file.
///
/// # Errors
/// The bytes hold no instance; see [`Part10Error`].
pub fn from_bytes(bytes: &[u8]) -> Result<Instance, Part10Error> {
    from_source(Source::new(bytes))
}

fn from_source(mut source: Source<'_>) -> Result<Instance, Part10Error> {
    if !file_meta::skip_preamble(&mut source)? {
        return Err(Part10Error::NotDicom);
    }
    let meta = file_meta::read(&mut source)?;
    if let Some(damage) = meta.damage {
        return Err(unreadable(damage));
    }
    let declared = first_value(&meta, tags::TRANSFER_SYNTAX_UID);
    let mut source = inflated(source, declared.as_deref().unwrap_or_default());
    let encoding = Encoding::of_first_element(&mut source)?;
    let data_set = DataSet::read(&mut source, Scope::root(encoding, PIXELS))?;
    let uid = |tag, keyword| identifying(&data_set, tag, keyword);
    Ok(Instance {
        study: uid(tags::STUDY_INSTANCE_UID, "StudyInstanceUID")?,
        series: uid(tags::SERIES_INSTANCE_UID, "SeriesInstanceUID")?,
        instance: uid(tags::SOP_INSTANCE_UID, "SOPInstanceUID")?,
        sop_class: first_value(&data_set, tags::SOP_CLASS_UID)
            .or_else(|| first_value(&meta, tags::MEDIA_STORAGE_SOP_CLASS_UID))
            .unwrap_or_default(),
        transfer_syntax: declared.unwrap_or_else(|| encoding.transfer_syntax().to_owned()),
        metadata: data_set.into_json(),
    })
}

/// The data set after the file meta information, uncompressed if its transfer syntax is deflated.
fn inflated<'a>(source: Source<'a>, transfer_syntax: &str) -> Source<'a> {
    let codec = TransferSyntaxRegistry
        .get(transfer_syntax)
        .map(|ts| ts.codec());
    match codec {
        Some(Codec::Dataset(Some(adapter))) => {
            Source::new(UpToDamage(adapter.adapt_reader(source.into_reader())))
        }
        _ => source,
    }
}

/// A decompressor whose input is broken or cut off, as a reader that ends there.
struct UpToDamage<R>(R);

impl<R: Read> Read for UpToDamage<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match self.0.read(buffer) {
            Err(e) if matches!(e.kind(), InvalidData | InvalidInput | UnexpectedEof) => Ok(0),
            read => read,
        }
    }
}

fn identifying(data_set: &DataSet, tag: Tag, keyword: &'static str) -> Result<String, Part10Error> {
    match (first_value(data_set, tag), data_set.damage) {
        (Some(uid), _) => Ok(uid),
        (None, Some(damage)) => Err(unreadable(damage)),
        (None, None) => Err(Part10Error::Missing { keyword }),
    }
}

fn unreadable(damage: Damage) -> Part10Error {
    Part10Error::Unreadable {
        reason: damage.to_string(),
    }
}

/// The first value of an element of strings.
fn first_value(data_set: &DataSet, tag: Tag) -> Option<String> {
    #[derive(Deserialize)]
    struct Strings {
        #[serde(rename = "Value")]
        value: Vec<String>,
    }
    let json = data_set.elements.get(&tag)?;
    let strings: Strings = serde_json::from_str(json).ok()?;
    strings.value.into_iter().next()
}
