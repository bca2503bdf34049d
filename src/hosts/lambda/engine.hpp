// engine.hpp: what stays warm between the invocations of one function: connections, logins, and the secret.
//
//   secret, login secret (Secrets Manager), environment --> parameters --> Setup: blob client, S3 client, topics, rules
//        read again after five minutes, and at once after a refused login
#pragma once

#include <memory>
#include <optional>

#include "aws/s3_traits.hpp"
#include "aws/secrets_client.hpp"
#include "aws/sns_client.hpp"
#include "aws/sqs_client.hpp"
#include "core/sync.hpp"
#include "hosts/lambda/bootstrap.hpp"
#include "hosts/lambda/parameters.hpp"
#include "hosts/lambda/redelivery.hpp"
#include "ledger/run_store.hpp"
#include "net/http_client.hpp"
#include "net/limiter.hpp"

namespace azs3copy {

// One version of the secret, and the clients made from it.
struct Setup {
  LambdaParameters parameters;
  AzureLogin login;
  std::unique_ptr<LimitedTransport> transport;
  std::unique_ptr<BlobClient> azure;
  std::shared_ptr<S3Traits> s3_traits;
  std::unique_ptr<S3Client> s3;
  std::unique_ptr<SnsClient> sns;
  std::unique_ptr<StateStore> store;
  std::unique_ptr<RunStore> runs;
  std::unique_ptr<Slots> slots;
  std::string s3_origin;  // for manifests
};

class Engine {
 public:
  // ErrorKind::invalid without AZS3COPY_SECRET, without a region, without certificates.
  static Result<std::unique_ptr<Engine>> make(const Startup& startup);

  // The setup of the secret as it is now or was five minutes ago; `fresh`: now. It stays valid as long as it is
  // held. Errors say what in the secret is wrong, and hold nothing of it.
  Task<Result<std::shared_ptr<Setup>>> setup(bool fresh, const Context& context);
  // A login was refused: the secret may have another by now.
  void forget() { setup_.reset(); }

  const Startup& startup() const { return startup_; }
  int receives_max() const { return receives_max_; }
  // Messages that failed for a transient reason are tried again soon.
  Redelivery& redelivery() { return redelivery_; }

 private:
  Engine(const Startup& startup, std::shared_ptr<TlsContext> tls, AwsConfig aws, HttpClientOptions http);
  Task<Result<SecretVersion>> read_login(const Context& context);
  Result<std::shared_ptr<Setup>> make_setup(const Secret& text, UtcTime now);
  AwsServiceOptions service(const std::string& endpoint_url) const {
    return {.region = aws_.region, .endpoint_url = endpoint_url};
  }

  Startup startup_;
  AwsConfig aws_;
  std::string secret_id_;
  std::string login_secret_id_;  // of the client secret that the template wrote; may be empty
  DeployedParameters deployed_;
  int receives_max_ = 5;
  HttpClient http_;
  std::shared_ptr<AwsCredentialsProvider> credentials_;
  SecretsClient secrets_;
  Redelivery redelivery_;
  std::shared_ptr<Setup> setup_;
  std::string version_;  // of the secrets that setup_ is made from
  UtcTime read_at_{};    // by the wall clock: a sandbox may be frozen for hours
};

}  // namespace azs3copy
