//! Parts of files over a real connection, written the way hyper writes.

use std::io::Write;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::blobs::Blobs;

const MIB: usize = 1024 * 1024;

struct Pair {
    near: SendfileStream,
    far: TcpStream,
    blob: Arc<OpenBlob>,
    bytes: Vec<u8>,
    _folder: tempfile::TempDir,
}

/// A connection, and a blob of three MiB and a little.
async fn pair() -> Pair {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(folder.path()).unwrap();
    let bytes: Vec<u8> =
        (0..800_001_u32).flat_map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let mut staged = blobs.stage().unwrap();
    staged.write_all(&bytes).unwrap();
    let blob = blobs.keep_open(&blobs.commit(staged).unwrap().digest()).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let far = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let near = SendfileStream::new(listener.accept().await.unwrap().0);
    Pair { near, far, blob, bytes, _folder: folder }
}

/// Writes pieces as hyper does: all that are left as one list of slices, then on by as much as was taken.
async fn write(stream: &mut SendfileStream, mut pieces: VecDeque<Piece>) -> io::Result<()> {
    while !pieces.is_empty() {
        let mut slices = [IoSlice::new(&[]); 8];
        let mut count = 0;
        for piece in &pieces {
            count += piece.chunks_vectored(&mut slices[count..]);
        }
        let mut taken = stream.write_vectored(&slices[..count]).await?;
        while let Some(piece) = pieces.front_mut() {
            let from_this = taken.min(piece.remaining());
            piece.advance(from_this);
            taken -= from_this;
            if piece.has_remaining() {
                break;
            }
            pieces.pop_front();
        }
        assert_eq!(taken, 0, "more was taken than was given");
    }
    Ok(())
}

fn memory(text: &'static str) -> Piece {
    Piece::Memory(Bytes::from_static(text.as_bytes()))
}

#[tokio::test]
async fn parts_of_files_and_bytes_in_memory_arrive_in_order() {
    let Pair { mut near, mut far, blob, bytes, _folder } = pair().await;
    let outgoing = near.outgoing();
    let part = |from: usize, length| Piece::File(outgoing.push(Arc::clone(&blob), from as u64, length));
    let lists = [
        vec![memory("head one"), part(0, MIB)],
        vec![part(MIB, MIB)],
        vec![part(17, 1), memory("between"), part(0, 3), part(3, 100_000), memory("end")],
        vec![memory("only memory")],
        vec![memory("more "), memory("than "), memory("one"), part(bytes.len() - 1, 1)],
    ];
    let expected = [
        b"head one",
        &bytes[..2 * MIB],
        &bytes[17..18],
        b"between",
        &bytes[..100_003],
        b"endonly memorymore than one",
        &bytes[bytes.len() - 1..],
    ]
    .concat();
    let reader = tokio::spawn(async move {
        let mut read = Vec::new();
        far.read_to_end(&mut read).await.unwrap();
        read
    });
    for list in lists {
        write(&mut near, list.into()).await.unwrap();
    }
    near.shutdown().await.unwrap();
    drop(near);
    assert!(reader.await.unwrap() == expected);
}

#[tokio::test]
async fn who_copies_a_part_gets_the_bytes_of_the_file() {
    let Pair { near, blob, bytes, _folder, .. } = pair().await;
    let mut part = Piece::File(near.outgoing().push(blob, 1000, 5000));
    assert_eq!(part.chunk(), &bytes[1000..6000]);
    part.advance(10);
    assert_eq!(part.chunk(), &bytes[1010..6000]);
    assert_eq!(part.copy_to_bytes(4990), &bytes[1010..6000]);
    assert!(!part.has_remaining());
}

#[tokio::test]
async fn what_is_out_of_turn_or_not_there_ends_the_connection() {
    let Pair { mut near, blob, bytes, _folder, .. } = pair().await;
    let outgoing = near.outgoing();
    let (_first, second) =
        (outgoing.push(Arc::clone(&blob), 0, 10), outgoing.push(Arc::clone(&blob), 10, 20));
    assert!(write(&mut near, [Piece::File(second)].into()).await.is_err(), "the first was left out");
    let beyond = SendfileStream::new(near.stream);
    let part = beyond.outgoing().push(blob, bytes.len() as u64, 10);
    let mut near = beyond;
    let error = write(&mut near, [Piece::File(part)].into()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}
