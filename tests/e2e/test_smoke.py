"""The walking skeleton: a handful of blobs through both real servers over https."""


def test_a_handful_of_blobs_arrives_and_is_found_unchanged(program, container, bucket):
    contents = {f"folder/{i}.txt": f"blob {i}".encode() for i in range(5)}
    container.put_many(contents)

    first = program.copy(container, bucket)
    assert bucket.read_all() == contents
    assert first.count("copied") == 5

    second = program.copy(container, bucket)
    assert (second.count("copied"), second.count("unchanged")) == (0, 5)
    assert program.check(container, bucket).out.startswith("5 equal")
