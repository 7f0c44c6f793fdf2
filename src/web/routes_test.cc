// SPDX-License-Identifier: Apache-2.0
#include "web/routes.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>

#include "web/hub_view_fake.h"

namespace clinnova::web {
namespace {

using Json = nlohmann::json;

const std::string kHash(64, 'b');

FakeHub HubWithOneStudy() {
  FakeHub hub;
  hub.sites = {{.name = "basel", .connected = true}};
  hub.studies = {{.summary = {.hash = kHash, .title = "T", .state = StudyState::kFinished}}};
  hub.results[kHash] = R"({"study":{"title":"T"},"x":0.10000000000000001})";
  return hub;
}

Json Parsed(const Reply& reply) {
  return Json::parse(reply.static_body.empty() ? std::string_view(reply.body) : reply.static_body);
}

std::string WithHash(std::string_view path) {
  std::string text(path);
  if (const auto slot = text.find("{hash}"); slot != std::string::npos)
    text.replace(slot, 6, kHash);
  return text;
}

TEST(Routes, AreThoseOfTheOpenApiDocument) {
  const Json document = Json::parse(std::ifstream(CLINNOVA_SOURCE_DIR "/docs/openapi.json"));
  std::set<std::string> documented;
  for (const auto& [path, operations] : document["paths"].items()) {
    documented.insert(path);
    ASSERT_EQ(operations.size(), 1u) << path;
    EXPECT_TRUE(operations.contains("get")) << path;
  }
  const auto paths = ApiPaths();
  EXPECT_EQ(std::set<std::string>(paths.begin(), paths.end()), documented);
}

TEST(Routes, AnswerWithTheDocumentedStatusAndType) {
  const Json document = Json::parse(std::ifstream(CLINNOVA_SOURCE_DIR "/docs/openapi.json"));
  const FakeHub hub = HubWithOneStudy();
  for (const auto& [path, operations] : document["paths"].items()) {
    const Reply reply = AnswerGet(hub, WithHash(path));
    EXPECT_EQ(reply.status, 200) << path;
    const Json& content = operations["get"]["responses"]["200"]["content"];
    EXPECT_TRUE(reply.content_type.starts_with(content.begin().key())) << path;
  }
}

TEST(Routes, FailAsDocumentedWhenTheHubFails) {
  const Json document = Json::parse(std::ifstream(CLINNOVA_SOURCE_DIR "/docs/openapi.json"));
  FakeHub hub = HubWithOneStudy();
  hub.failure = Error{ErrorCode::kFailed, "the state's disk is full", ""};
  for (const auto& [path, operations] : document["paths"].items()) {
    const Reply reply = AnswerGet(hub, WithHash(path));
    EXPECT_TRUE(operations["get"]["responses"].contains(std::to_string(reply.status)))
        << path << " " << reply.status;
    if (reply.status == 200) continue;
    EXPECT_EQ(Parsed(reply)["error"]["message"], "the state's disk is full") << path;
  }
}

TEST(Routes, SendTheResultFileByteForByte) {
  const FakeHub hub = HubWithOneStudy();
  EXPECT_EQ(AnswerGet(hub, "/api/v1/studies/" + kHash + "/results").body, hub.results.at(kHash));
}

TEST(Routes, ShowTheFirstPageAtTheRoot) {
  const FakeHub hub;
  const Reply page = AnswerGet(hub, "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.static_body, AnswerGet(hub, "/index.html").static_body);
  EXPECT_FALSE(page.etag.empty());
}

TEST(Routes, AnswerNotFoundInJson) {
  const FakeHub hub = HubWithOneStudy();
  const std::string other(64, 'c');
  for (const std::string& path : std::vector<std::string>{
           "/nothing", "", "/api/v1", "/api/v1/", "/api/v1/studies/", "/api/v1/studies/" + other,
           "/api/v1/studies/" + other + "/results", "/api/v1/studies/" + kHash.substr(1),
           "/api/v1/studies/" + kHash + "/", "/api/v1/studies/" + std::string(64, 'B'),
           "/api/v1/studies/" + kHash + "/results/x", "/api/v1/studies/results", "/etc/passwd",
           "/../../etc/passwd", "/assets/../../docs/openapi.json"}) {
    const Reply reply = AnswerGet(hub, path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_EQ(Parsed(reply)["error"]["code"], "not_found") << path;
  }
}

TEST(Routes, HasNoResultBeforeTheStudyIsFinished) {
  FakeHub hub = HubWithOneStudy();
  hub.results.clear();
  EXPECT_EQ(AnswerGet(hub, "/api/v1/studies/" + kHash).status, 200);
  EXPECT_EQ(AnswerGet(hub, "/api/v1/studies/" + kHash + "/results").status, 404);
}

TEST(Routes, TurnEachErrorCodeIntoAStatus) {
  FakeHub hub = HubWithOneStudy();
  const std::vector<std::pair<ErrorCode, int>> cases = {{ErrorCode::kFailed, 500},
                                                        {ErrorCode::kInvalidInput, 400},
                                                        {ErrorCode::kRefused, 403},
                                                        {ErrorCode::kUnreachable, 503}};
  for (const auto& [code, status] : cases) {
    hub.failure = Error{code, "m", ""};
    EXPECT_EQ(AnswerGet(hub, "/api/v1/sites").status, status);
  }
}

TEST(Routes, AnswerEvenWhenTheHubThrowsAndKeepItsWordsOffThePage) {
  struct ThrowingHub : FakeHub {
    Result<std::vector<SiteView>> Sites() const override {
      throw std::runtime_error("secret-path");
    }
  };
  const Reply reply = AnswerGet(ThrowingHub(), "/api/v1/status");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(Parsed(reply)["error"]["code"], "internal");
  EXPECT_EQ(reply.body.find("secret-path"), std::string::npos);
}

}  // namespace
}  // namespace clinnova::web
