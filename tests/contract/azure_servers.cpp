// azure_servers.cpp: the table, and the fixture.
#include "contract/azure_servers.hpp"

#include "azure/source_address.hpp"

namespace azs3copy::contract {

const std::vector<AzureServer>& azure_servers() {
  static constexpr AzureQuirks azurite{.no_crc = true,
                                       .backslash_is_slash = true,
                                       .range_at_end_is_empty = true,
                                       .head_hides_wrong_key = true};
  static constexpr AzureQuirks azurite_oauth{
      .no_crc = true, .backslash_is_slash = true, .range_at_end_is_empty = true};
  static const std::vector<AzureServer> servers = {
      {.name = "fake"},
      {.name = "fake-tls", .tls = true},
      {.name = "azurite", .url_variable = "AZURITE_URL", .quirks = azurite},
      {.name = "azurite-tls", .url_variable = "AZURITE_TLS_URL", .tls = true, .quirks = azurite_oauth},
  };
  return servers;
}

void PrintTo(const AzureServer& server, std::ostream* out) {
  *out << server.name;
}

Task<Result<ReadBlob>> read_blob(BlobClient& client, Container container, BlobName name, ReadOptions options,
                                 const Context& context) {
  Result<std::unique_ptr<BlobBody>> body = co_await client.read(container, name, options, context);
  if (!body) co_return passed(std::move(body));
  ReadBlob whole{.size = (*body)->size(), .properties = (*body)->properties()};
  std::vector<std::byte> buffer(64 * KiB + 7);  // ends nowhere near a segment's, a record's or a page's end
  for (;;) {
    Result<std::size_t> got = co_await (*body)->read(buffer);
    if (!got) co_return passed(std::move(got));
    if (*got == 0) break;
    whole.bytes += text_of(Bytes(buffer).first(*got));
  }
  whole.crc = (*body)->crc();
  whole.proof = (*body)->proof();
  co_return whole;
}

void AzureContract::SetUp() {
  const AzureServer& server = GetParam();
  std::string url;
  std::string ca;
  if (server.url_variable.empty()) {
    fake_ = std::make_unique<fakes::FakeAzure>();
    url = (server.tls ? fake_->https_url() : fake_->http_url()) + "/" + fakes::FakeAzure::account();
    ca = fake_->ca_path();
    key_ = Secret(fakes::FakeAzure::account_key());
  } else {
    const Setting of_url = setting(server.url_variable, server.name);
    if (of_url.allowed) GTEST_SKIP() << of_url.missing;
    ASSERT_EQ(of_url.missing, "");
    url = of_url.value;
    ca = setting("CA", server.name).value;
    key_ = Secret(setting("AZURITE_KEY", server.name).value);
  }
  wire_ = std::make_unique<Wire>(ca);
  const Result<SourceAddress> address = parse_source_address(url);
  ASSERT_TRUE(done(address));
  account_ = address->account;
  filler_ = std::make_unique<AzureFiller>(account_, key_, wire_->transport());
  client_ = make_client(shared_key_credential(account_.name, key_).value());
  container_ = new_container();
}

std::unique_ptr<BlobClient> AzureContract::make_client(std::unique_ptr<AzureCredential> credential) const {
  return std::make_unique<BlobClient>(account_, std::move(credential), wire_->transport(), quick_retry);
}

Container AzureContract::new_container(const std::string& public_access) {
  Container container(new_name());
  EXPECT_TRUE(done(wire_->run(filler_->create_container(container, public_access, context()))));
  return container;
}

void AzureContract::put(const std::string& name, NewBlob blob) {
  ASSERT_TRUE(done(wire_->run(filler_->put(container_, BlobName(name), std::move(blob), context()))));
}

void AzureContract::archive(const std::string& name) {
  ASSERT_TRUE(done(wire_->run(filler_->set_tier(container_, BlobName(name), "Archive", context()))));
}

Result<ReadBlob> AzureContract::read(const std::string& name, ReadOptions options) {
  return wire_->run(read_blob(*client_, container_, BlobName(name), std::move(options), context()));
}

Result<BlobProperties> AzureContract::properties(const std::string& name) {
  const BlobName blob(name);
  return wire_->run(client_->properties(container_, blob, context()));
}

Result<BlobPage> AzureContract::list(ListBlobsOptions options) {
  return wire_->run(client_->list_blobs(container_, options, context()));
}

std::vector<Blob> AzureContract::list_all(ListBlobsOptions options) {
  std::vector<Blob> rows;
  do {
    const Result<BlobPage> page = list(options);
    EXPECT_TRUE(done(page));
    if (!page) break;
    EXPECT_LE(page->blobs.size() + page->prefixes.size(), static_cast<std::size_t>(options.page_rows_max));
    rows.insert(rows.end(), page->blobs.begin(), page->blobs.end());
    options.marker = page->next_marker;
  } while (!options.marker.empty());
  return rows;
}

// The fake knows the signatures that it issued itself; other servers check what we sign.
Secret AzureContract::sas(std::string_view permissions, milliseconds lifetime) {
  if (fake_) return Secret(fake_->issue_sas({.permissions = std::string(permissions), .lifetime = lifetime}));
  return account_sas(account_.name, key_, permissions, context().clock.utc() + lifetime);
}

}  // namespace azs3copy::contract
