//! Records of an older version in a present database: read through their upgrade, rewritten in the new shape.

use cairn::domain::identity::{InstanceSettings, Visibility};
use cairn::store::codec::{CodecError, Record, decode, decode_payload, encode};
use serde::{Deserialize, Serialize};

use crate::sample;

/// The settings as a later program might keep them: one more field, one in another place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LaterSettings {
    max_file_size: u64,
    registry_enabled: bool,
    allow_anyone_to_pull: bool,
    default_project_visibility: Visibility,
    default_group_visibility: Visibility,
    notice: String,
}

impl Record for LaterSettings {
    const VERSION: u8 = 2;

    fn upgrade(version: u8, payload: &[u8]) -> Result<Self, CodecError> {
        match version {
            1 => {
                let old: InstanceSettings = decode_payload(payload)?;
                Ok(Self {
                    max_file_size: old.max_file_size,
                    registry_enabled: old.registry_enabled,
                    allow_anyone_to_pull: old.allow_anyone_to_pull,
                    default_project_visibility: old.default_project_visibility,
                    default_group_visibility: old.default_group_visibility,
                    notice: String::new(),
                })
            }
            found => Err(CodecError::UnknownVersion { found, newest: Self::VERSION }),
        }
    }
}

#[test]
fn kept_bytes_of_version_1_read_as_version_2_and_are_written_as_version_2() {
    let old = include_bytes!("golden/settings.v1");
    let mut settings: LaterSettings = decode(old).expect("the upgrade reads them");
    let expected = sample::settings();
    assert_eq!(
        (settings.max_file_size, settings.default_project_visibility, settings.notice.as_str()),
        (expected.max_file_size, expected.default_project_visibility, "")
    );
    settings.notice = "closed on Friday".to_owned();
    let new = encode(&settings).expect("it fits");
    assert_eq!(new[0], 2);
    assert_eq!(decode::<LaterSettings>(&new), Ok(settings));
    assert!(
        matches!(decode::<InstanceSettings>(&new), Err(CodecError::UnknownVersion { found: 2, newest: 1 })),
        "the older program says that it is older"
    );
}
