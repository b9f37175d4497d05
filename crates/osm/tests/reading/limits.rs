//! Files that would take too much memory.

use std::io::Read;

use crate::{
    pbf_writer::{Message, file},
    samples::{error, gzip, read, read_from},
};

#[test]
fn the_memory_for_an_unterminated_comment_is_limited() {
    struct Endless(u64);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += buffer.len() as u64;
            assert!(self.0 < 64 << 20, "it is read on and on");
            buffer.fill(b'x');
            Ok(buffer.len())
        }
    }
    let error = read_from(b"<osm version='0.6'><!--".chain(Endless(0))).unwrap_err();
    assert!(error.to_string().contains("longer than 4 MiB"), "{error}");
}

#[test]
fn a_compression_bomb_is_refused() {
    let comment = format!("<!--{}-->", "x".repeat(1 << 20));
    let xml = format!("<osm version='0.6'>{}", comment.repeat(120)).into_bytes();
    let message = error(gzip(&xml));
    assert!(message.contains("unpacks to more than 200 times its size"), "{message}");
}

#[test]
fn the_size_of_a_decoded_block_is_limited() {
    let nodes = 3 << 20;
    let zeros = Message(vec![0; nodes]);
    let ids = Message(std::iter::once(2).chain(std::iter::repeat_n(2, nodes - 1)).collect());
    let dense = Message::default().message(1, ids).message(8, zeros.clone()).message(9, zeros);
    let message = error(file(&[""], Message::default().message(2, dense)));
    assert!(message.contains("more than a million entities"), "{message}");
}

#[test]
fn the_size_of_a_single_entity_is_limited() {
    fn refs(count: usize) -> Vec<i64> {
        vec![1; count]
    }
    let way: fn(usize) -> Vec<u8> = |count| {
        let way = Message::default().number(1, 5).deltas(8, &refs(count));
        file(&[""], Message::default().message(3, way))
    };
    let located: fn(usize) -> Vec<u8> = |count| {
        let way = Message::default()
            .number(1, 5)
            .deltas(8, &refs(count))
            .deltas(9, &refs(count))
            .deltas(10, &refs(count));
        file(&[""], Message::default().message(3, way))
    };
    for limited in [way, located] {
        assert_eq!(read(limited(100_000)).unwrap().0.len(), 1);
        assert!(error(limited(100_001)).contains("a way has more than 100000 nodes"));
    }
    let dense = |tags: usize| {
        let node = Message::default().deltas(1, &[1]).deltas(8, &[0]).deltas(9, &[0]);
        let mut list = [1, 2].repeat(tags);
        list.push(0);
        file(&["", "a", &"v".repeat(1000)], Message::default().message(2, node.numbers(10, &list)))
    };
    assert!(read(dense(4_000)).is_ok());
    assert!(error(dense(20_000)).contains("the tags of an entity have more than 4 MiB"));
    let short = |tags: usize| {
        let way = Message::default().number(1, 5).numbers(2, &[1].repeat(tags)).numbers(3, &[1].repeat(tags));
        file(&["", "a"], Message::default().message(3, way))
    };
    assert!(read(short(10_000)).is_ok());
    assert!(error(short(10_001)).contains("an entity has more than 10000 tags"));
    for (element, expected) in
        [("nd ref='1'", "a way has more than 100000 nodes"), ("tag k='a' v='b'", "10000 tags")]
    {
        let elements = format!("<{element}/>").repeat(100_001);
        let message = error(format!("<osm version='0.6'><way id='7' version='1'>{elements}</way></osm>"));
        assert!(message.contains("way 7: ") && message.contains(expected), "{message}");
    }
}
