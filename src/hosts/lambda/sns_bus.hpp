// sns_bus.hpp: the stages' messages on the topics: gathered per topic, and published ten a request.
#pragma once

#include <functional>
#include <set>

#include "aws/sns_client.hpp"
#include "hosts/lambda/parameters.hpp"
#include "stages/stage.hpp"

namespace azs3copy {

// For one message. What `publish` has taken is with SNS once `flush` has returned; before that it may be.
class SnsBus final : public Bus {
 public:
  // Nothing of the page is with SNS when it is called.
  using OnPage = std::function<Task<Result<>>(Tally to_copy)>;
  // Everything up to `rest` is with SNS when it is called.
  using OnCheckpoint = std::function<Task<Result<>>(const FindBlobs& rest)>;

  // `gather`: bytes of messages that are kept back at most before they go out.
  SnsBus(SnsClient& sns, const LambdaTopics& topics, const Context& context, std::size_t gather = 256 * KiB)
      : sns_(sns), topics_(topics), context_(context), gather_(gather) {}

  Task<Result<>> publish(FindBlobs work) override;
  Task<Result<>> publish(CopyBatch batch) override;
  Task<Result<>> publish(LargeFile file) override;
  Task<Result<>> publish(PartTask part) override;
  Task<Result<>> publish(Recombine recombine) override;
  Task<Result<>> announce(Tally to_copy) override;
  Task<Result<>> checkpoint(const FindBlobs& rest) override;

  Task<Result<>> flush();
  void on_page(OnPage call) { on_page_ = std::move(call); }
  void on_checkpoint(OnCheckpoint call) { on_checkpoint_ = std::move(call); }
  // work_name of each FindBlobs that was published.
  const std::set<std::string>& listings() const { return listings_; }

 private:
  struct Gathered {
    std::vector<std::string> messages;
    std::size_t bytes = 0;
  };
  Task<Result<>> add(const std::string& topic, std::string message);
  Task<Result<>> send(const std::string& topic, Gathered& gathered);

  SnsClient& sns_;
  const LambdaTopics& topics_;
  const Context& context_;
  std::size_t gather_;
  OnPage on_page_;
  OnCheckpoint on_checkpoint_;
  std::map<std::string, Gathered> gathered_;  // by topic
  std::set<std::string> listings_;
};

}  // namespace azs3copy
