// SPDX-License-Identifier: Apache-2.0
// Over real sockets, on a port that the system chose.
#include "web/http_api.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "web/embedded_ui.h"
#include "web/hub_view_fake.h"

namespace clinnova::web {
namespace {

using Json = nlohmann::json;

class HttpApi : public testing::Test {
 protected:
  void SetUp() override {
    hub_.sites = {{.name = "basel", .connected = true, .last_seen = "2026-01-02T03:04:05Z"}};
    auto server = HttpServer::Start({.max_body_bytes = 1000}, hub_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }

  httplib::Result Get(const std::string& path, const httplib::Headers& headers = {}) {
    return httplib::Client("127.0.0.1", server_->port()).Get(path, headers);
  }

  FakeHub hub_;
  std::unique_ptr<HttpServer> server_;
};

void ExpectError(const httplib::Result& response, int status, const std::string& code) {
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, status);
  EXPECT_EQ(response->get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(Json::parse(response->body)["error"]["code"], code);
}

TEST_F(HttpApi, ServesStatusFreshEveryTime) {
  const auto response = Get("/api/v1/status");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(Json::parse(response->body)["sites"][0]["name"], "basel");
  EXPECT_EQ(response->get_header_value("Cache-Control"), "no-store");
}

TEST_F(HttpApi, SendsSecurityHeadersWithEveryAnswer) {
  for (const std::string path : {"/", "/api/v1/sites", "/nothing", "/metrics"}) {
    const auto response = Get(path);
    ASSERT_TRUE(response) << path;
    const std::string policy = response->get_header_value("Content-Security-Policy");
    EXPECT_NE(policy.find("default-src 'none'; script-src 'self'; style-src 'self';"),
              std::string::npos);
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    EXPECT_EQ(response->get_header_value("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(response->get_header_value("Referrer-Policy"), "no-referrer");
    EXPECT_FALSE(response->has_header("Access-Control-Allow-Origin"));
  }
}

TEST_F(HttpApi, ServesEveryEmbeddedFileAndItsTag) {
  for (const std::string_view path : EmbeddedPaths()) {
    const auto file = FindEmbedded(path);
    const auto response = Get(std::string(path));
    ASSERT_TRUE(response) << path;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, file->content) << path;
    EXPECT_EQ(response->get_header_value("Content-Type"), file->mime_type);
    EXPECT_EQ(response->get_header_value("ETag"), file->etag);
    const auto again = Get(std::string(path), {{"If-None-Match", std::string(file->etag)}});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->status, 304);
    EXPECT_TRUE(again->body.empty());
    EXPECT_EQ(Get(std::string(path), {{"If-None-Match", "\"other\""}})->status, 200);
  }
}

TEST_F(HttpApi, AnswersHeadWithoutBody) {
  const auto response = httplib::Client("127.0.0.1", server_->port()).Head("/index.html");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_TRUE(response->body.empty());
}

TEST_F(HttpApi, SendsOneRangeAndRefusesMany) {
  const auto file = FindEmbedded("/index.html");
  const auto part = Get("/index.html", {{"Range", "bytes=2-5"}});
  ASSERT_TRUE(part);
  EXPECT_EQ(part->status, 206);
  EXPECT_EQ(part->body, file->content.substr(2, 4));
  const auto many = Get("/index.html", {{"Range", "bytes=0-5, 1-5, 2-5"}});
  ASSERT_TRUE(many);
  EXPECT_EQ(many->status, 416);
}

TEST_F(HttpApi, AnswersNotFoundInJson) {
  ExpectError(Get("/nothing"), 404, "not_found");
  ExpectError(Get("/api/v1/studies/" + std::string(64, 'a')), 404, "not_found");
}

TEST_F(HttpApi, NeverLeavesItsFiles) {
  for (const std::string path :
       {"/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2f..%2fetc/passwd",
        "/..%5c..%5cetc", "//etc/passwd", "/assets/%00index.html", "/docs/openapi.json"}) {
    ExpectError(Get(path), 404, "not_found");
  }
}

TEST_F(HttpApi, AllowsOnlyReading) {
  httplib::Client client("127.0.0.1", server_->port());
  for (const auto& response :
       {client.Post("/api/v1/studies", "{}", "application/json"), client.Delete("/api/v1/sites"),
        client.Put("/", "x", "text/plain"), client.Patch("/", "x", "text/plain"),
        client.Options("/api/v1/status")}) {
    ExpectError(response, 405, "method_not_allowed");
    EXPECT_EQ(response->get_header_value("Allow"), "GET, HEAD");
  }
}

TEST_F(HttpApi, RefusesALongBody) {
  httplib::Client client("127.0.0.1", server_->port());
  ExpectError(client.Post("/api/v1/studies", std::string(1001, 'x'), "text/plain"), 413,
              "too_large");
}

TEST_F(HttpApi, RefusesOtherHostNames) {
  for (const std::string host :
       {"evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil:1"}) {
    ExpectError(Get("/api/v1/status", {{"Host", host}}), 421, "wrong_host");
  }
  for (const std::string host :
       {"localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "[::1]"}) {
    EXPECT_EQ(Get("/api/v1/status", {{"Host", host}})->status, 200) << host;
  }
}

TEST_F(HttpApi, SurvivesAnEndlessUri) {
  const auto response = Get("/" + std::string(20000, 'a'));
  EXPECT_TRUE(!response || response->status == 414);  // it may hang up before we have sent all
  EXPECT_EQ(Get("/healthz")->status, 200);
}

TEST_F(HttpApi, TellsOrchestrationAndPrometheusHowItIs) {
  EXPECT_EQ(Get("/healthz")->body, R"({"status":"ok"})");
  EXPECT_EQ(Get("/readyz")->status, 200);
  const auto metrics = Get("/metrics");
  EXPECT_EQ(metrics->get_header_value("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(metrics->body.find("clinnova_hub_sites_connected 1\n"), std::string::npos);
}

TEST_F(HttpApi, AnswersManyAtATime) {
  std::atomic<int> good = 0;
  std::vector<std::thread> browsers;
  for (int i = 0; i < 16; ++i) {
    browsers.emplace_back([&] {
      for (int k = 0; k < 5; ++k) {
        if (const auto response = Get("/api/v1/status"); response && response->status == 200)
          ++good;
      }
    });
  }
  for (std::thread& browser : browsers) browser.join();
  EXPECT_EQ(good, 80);
}

TEST_F(HttpApi, DoesNotShareItsPort) {
  const auto second = HttpServer::Start({.port = server_->port()}, hub_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kFailed);
}

TEST_F(HttpApi, ClosesItsPortWhenDestroyed) {
  const int port = server_->port();
  server_.reset();
  EXPECT_FALSE(httplib::Client("127.0.0.1", port).Get("/healthz"));
}

TEST(HttpServer, ListensOnLoopbackOnly) {
  const FakeHub hub;
  for (const std::string address : {"0.0.0.0", "::", "192.0.2.1", "", "example.org"}) {
    const auto server = HttpServer::Start({.address = address}, hub);
    ASSERT_FALSE(server) << address;
    EXPECT_EQ(server.error().code, ErrorCode::kInvalidInput);
  }
  EXPECT_FALSE(HttpServer::Start({.port = 70000}, hub));
}

TEST(HttpServer, NamesItsUrl) {
  const FakeHub hub;
  const auto server = HttpServer::Start({}, hub);
  ASSERT_TRUE(server);
  EXPECT_EQ((*server)->Url(), "http://127.0.0.1:" + std::to_string((*server)->port()) + "/");
}

}  // namespace
}  // namespace clinnova::web
