"""Listings of the real servers: more rows than a page holds, and rows of every kind."""

from azure.storage.blob import StandardBlobTier

from conftest import noise


def test_more_rows_than_a_page_on_the_real_servers(program, container, bucket):
    names = [f"{i % 7}/{i:05}" for i in range(1_100)]
    container.put_many({name: name.encode() for name in names})

    assert program.copy(container, bucket).count("copied") == 1_100
    assert sorted(bucket.keys()) == sorted(names)
    assert program.copy(container, bucket).count("unchanged") == 1_100


def test_contents_of_a_listing_with_every_attribute(program, container, bucket):
    """Rows with metadata, tiers and snapshots beside plain ones."""
    container.put("hot", noise(10), standard_blob_tier=StandardBlobTier.HOT, metadata={"a": "b"})
    container.put("cool", noise(10), standard_blob_tier=StandardBlobTier.COOL)
    container.blob("hot").create_snapshot()
    container.put("hot", noise(11), metadata={"a": "c"})

    assert program.copy(container, bucket).count("copied") == 2
    assert bucket.read_all() == {"hot": noise(11), "cool": noise(10)}
