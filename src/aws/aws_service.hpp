// aws_service.hpp: what every AWS service but S3 shares: one server a region, one POST to "/", one of two
// protocols.
//
//   query     POST /  Action=Publish&Version=2010-03-31&TopicArn=...      -->  <PublishResponse>..., XML
//   JSON      POST /  x-amz-target: AmazonSQS.SendMessage  {"QueueUrl"..} -->  {"MessageId"...}
//
//   AwsCall --send_with_retry--> [ credentials -> sign -> fetch -> 2xx | aws_failure ]* --> body
//
// https://docs.aws.amazon.com/general/latest/gr/query-api.html,
// https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "aws/credentials.hpp"
#include "aws/sigv4.hpp"
#include "codec/json.hpp"
#include "codec/url.hpp"
#include "codec/xml.hpp"
#include "net/retry.hpp"

namespace azs3copy {

enum class AwsProtocol : std::uint8_t { query, json_1_0, json_1_1 };

// A service as its public model describes it.
struct AwsServiceKind {
  std::string_view name;  // in host names and signatures: "sns"
  AwsProtocol protocol;
  std::string_view version;      // query: the API's version. JSON: what x-amz-target begins with
  bool gov_name_is_fips = true;  // GovCloud's FIPS endpoint is the plain one
};
inline constexpr AwsServiceKind aws_sns{"sns", AwsProtocol::query, "2010-03-31"};
inline constexpr AwsServiceKind aws_sqs{"sqs", AwsProtocol::json_1_0, "AmazonSQS"};
inline constexpr AwsServiceKind aws_secrets_manager{"secretsmanager", AwsProtocol::json_1_1, "secretsmanager",
                                                    false};
inline constexpr AwsServiceKind aws_sts{"sts", AwsProtocol::query, "2011-06-15"};

struct AwsServiceOptions {
  std::string region;
  std::string endpoint_url;  // AwsConfig has them; empty: AWS's own
  bool fips = false;
};

struct AwsServiceEndpoint {
  Endpoint server;
  std::string path = "/";
};
// ErrorKind::invalid for a region that is none and a malformed URL. Pure.
Result<AwsServiceEndpoint> aws_service_endpoint(const AwsServiceKind& kind, const AwsServiceOptions& options);

// One operation. It lives in the operation's frame, and each attempt signs its request anew.
struct AwsCall {
  std::string_view operation;      // "sns.publish", for errors; a literal, as action and denied_advice
  std::string subject;             // the topic, the queue, the name of the secret
  std::string_view action;         // "Publish"
  std::string body;                // JSON, or a form's pairs after Action and Version
  std::string_view denied_advice;  // to ErrorKind::permission, where the table knows no better
  // False: doing it twice is another thing than once, so only refusals that say so are tried again.
  bool repeatable = true;
  std::size_t reply_bytes_max = 1 * MiB;
};

// One service in one region. One per loop; not thread-safe, but many calls may be under way.
class AwsService {
 public:
  // `credentials` may be shared by all services of a loop. A wrong region or URL is told by the first call.
  AwsService(AwsServiceKind kind, AwsServiceOptions options,
             std::shared_ptr<AwsCredentialsProvider> credentials, Transport& transport,
             RetryPolicy retry = {});

  // The body of the reply. Errors are those of aws_error.hpp; login is renewed once where that may help.
  // A call whose reply is lost may have been carried out, and is repeated unless it says otherwise.
  Task<Result<std::string>> send_with_retry(AwsCall call, const Context& context);
  // The same, read. ErrorKind::protocol where the root is not <`action`Response>.
  Task<Result<XmlDocument>> query(AwsCall call, const Context& context);
  // The same, read; no body is an empty object. ErrorKind::protocol where it is no object.
  Task<Result<Json>> json(AwsCall call, const Context& context);

  // One attempt, for with_retry of a caller who has more to judge. Needs `call` to stay.
  Task<Result<std::string>> send(const AwsCall& call, const Context& context);
  std::function<bool()> login_again();

  const RetryPolicy& retry() const { return retry_; }
  const std::string& region() const { return options_.region; }

 private:
  HttpRequest request_for(const AwsCall& call) const;
  std::unexpected<Error> refusal(const AwsCall& call, const HttpResponse& response, UtcTime now);

  AwsServiceKind kind_;
  AwsServiceOptions options_;
  std::shared_ptr<AwsCredentialsProvider> credentials_;
  Transport& transport_;
  RetryPolicy retry_;
  Result<AwsServiceEndpoint> endpoint_;
  SigV4Signer signer_;
  milliseconds clock_offset_{0};  // of the service's clock, once it refused a request for its date
};

// For replies that were sent for with AwsService::send.
Result<XmlDocument> parse_query_reply(std::string body, std::string_view action);
Result<Json> parse_json_reply(std::string_view body);

}  // namespace azs3copy
