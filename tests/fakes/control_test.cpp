// control_test.cpp: what scripts tell fake_clouds reaches the fakes, and what they ask comes back.
#include "fakes/clouds/control.hpp"

#include <gtest/gtest.h>

#include "fakes/raw_client.hpp"

namespace azs3copy::fakes {
namespace {

class ControlTest : public testing::Test {
 protected:
  ControlTest() : service(azure, s3), server(service, {}) { server.start(); }
  RawReply tell(const std::string& method, const std::string& target, const std::string& body = "") {
    return RawClient(server.http_port()).ask(raw_request(method, target, {}, body));
  }
  FakeAzure azure;
  FakeS3 s3;
  ControlService service;
  Server server;
};

TEST_F(ControlTest, FillsAndListsBothSides) {
  EXPECT_EQ(tell("POST", "/azure/containers", R"({"name":"c"})").status, 200);
  const RawReply made =
      tell("POST", "/azure/blobs", R"({"container":"c","name":"d/{}","count":3,"size":10,"seed":5})");
  EXPECT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(azure.names("c"), (std::vector<std::string>{"d/0", "d/1", "d/2"}));
  EXPECT_TRUE(same_content(*azure.blob("c", "d/2")->content, *synthetic_content(7, 10)));
  EXPECT_NE(tell("GET", "/azure/blobs?container=c").body.find("\"name\":\"d/1\",\"size\":10"),
            std::string::npos);
  tell("POST", "/azure/blobs",
       R"({"container":"c","name":"x","text":"one","change_after_reads":1,"changed":{"text":"two"}})");
  EXPECT_EQ(read_all(*azure.blob("c", "x")->changed->content), "two");

  EXPECT_EQ(tell("POST", "/s3/buckets", R"({"name":"b","region":"eu-west-1"})").status, 200);
  EXPECT_EQ(tell("POST", "/s3/objects", R"({"bucket":"b","key":"k","text":"t","metadata":{"m":"v"}})").status,
            200);
  EXPECT_NE(tell("GET", "/s3/objects?bucket=b").body.find("\"metadata\":{\"m\":\"v\"}"), std::string::npos);
  EXPECT_EQ(tell("GET", "/s3/uploads").body, "[]\n");
}

TEST_F(ControlTest, RulesFaultsOptionsAndLog) {
  EXPECT_EQ(tell("POST", "/s3/faults", R"({"status":503,"times":0})").body, "{\"rule\":0}\n");
  EXPECT_EQ(RawClient(s3.http_port()).ask(s3_request("GET", "/")).status, 503);
  EXPECT_EQ(tell("GET", "/s3/faults").body, "{\"fired\":1}\n");
  EXPECT_NE(tell("GET", "/s3/log").body.find("\"ListBuckets\":{\"count\":1"), std::string::npos);
  EXPECT_EQ(tell("DELETE", "/s3/faults").status, 200);
  EXPECT_EQ(RawClient(s3.http_port()).ask(s3_request("GET", "/")).status, 200);
  tell("POST", "/azure/options", R"({"list_page_pattern":[1]})");
  tell("POST", "/azure/containers", R"({"name":"c"})");
  tell("POST", "/azure/blobs", R"({"container":"c","name":"{}","count":2,"size":0})");
  const auto page =
      RawClient(azure.http_port()).ask(azure_request("GET", "/fakeaccount/c?restype=container&comp=list"));
  EXPECT_EQ(occurrences(page.body, "<Blob>"), 1U);
}

TEST_F(ControlTest, SaysWhatIsWrong) {
  EXPECT_EQ(tell("POST", "/azure/faults", R"({"opration":"x"})").status, 400);
  EXPECT_EQ(tell("POST", "/azure/blobs", R"({"container":"none","name":"x","text":""})").status, 400);
  EXPECT_EQ(tell("POST", "/azure/nonsense", "{}").status, 400);
  EXPECT_EQ(tell("POST", "/elsewhere", "{}").status, 400);
  EXPECT_EQ(tell("POST", "/azure/containers", "{").status, 400);
}

}  // namespace
}  // namespace azs3copy::fakes
