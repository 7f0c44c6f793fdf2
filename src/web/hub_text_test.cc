// SPDX-License-Identifier: Apache-2.0
#include "web/hub_text.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace clinnova::web {
namespace {

using Json = nlohmann::json;

const Json& OpenApi() {
  static const Json document = Json::parse(std::ifstream(CLINNOVA_SOURCE_DIR "/docs/openapi.json"));
  return document;
}

std::set<std::string> Keys(const Json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

// The schema's words for one of our types.
std::string TypeOf(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_boolean()) return "boolean";
  if (value.is_number_integer()) return "integer";
  if (value.is_array()) return "array";
  return value.is_string() ? "string" : "object";
}

// What of JSON Schema the document uses for our own answers: $ref, type, required, properties,
// items, enum.
void ExpectFits(const Json& value, Json schema, const std::string& where) {
  if (schema.contains("$ref")) {
    schema = OpenApi().at(Json::json_pointer(schema["$ref"].get<std::string>().substr(1)));
  }
  const Json types =
      schema.at("type").is_array() ? schema.at("type") : Json::array({schema.at("type")});
  EXPECT_NE(std::find(types.begin(), types.end(), Json(TypeOf(value))), types.end())
      << where << ": " << value;
  if (schema.contains("enum")) {
    const Json& words = schema["enum"];
    EXPECT_NE(std::find(words.begin(), words.end(), value), words.end()) << where << ": " << value;
  }
  if (value.is_array()) {
    for (const Json& item : value) ExpectFits(item, schema.at("items"), where + "[]");
  }
  if (!value.is_object()) return;
  EXPECT_EQ(Keys(value), Keys(schema.at("properties"))) << where;
  for (const Json& key : schema.at("required")) EXPECT_TRUE(value.contains(key)) << where << key;
  for (const auto& [key, member] : value.items()) {
    if (schema["properties"].contains(key))
      ExpectFits(member, schema["properties"][key], where + "." + key);
  }
}

Json Schema(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }

StudyView ExampleStudy(StudyState state) {
  return {.summary = {.hash = std::string(64, 'a'),
                      .title = "Response to \"first\" biologic – Zürich",
                      .state = state,
                      .progress = {.rounds = 12,
                                   .analysis = "response",
                                   .analyses_done = 1,
                                   .analyses_total = 3},
                      .submitted_at = "2026-01-02T03:04:05Z",
                      .finished_at = std::nullopt},
          .purpose = "Which drug",
          .permit = "",
          .sites = {{.name = "basel", .approval = Approval::kApproved, .connected = true},
                    {.name = "lyon", .approval = Approval::kRejected},
                    {.name = "trier", .approval = Approval::kWaiting}},
          .error = std::nullopt};
}

std::vector<SiteView> ExampleSites() {
  return {{.name = "basel",
           .connected = true,
           .last_seen = "2026-01-02T03:04:05Z",
           .version = "0.1.0",
           .studies_approved = 2,
           .studies_waiting = 1},
          {.name = "lyon"}};
}

TEST(HubText, StudyFitsTheOpenApiDocumentInEveryState) {
  std::set<std::string> states;
  for (int state = 0; state <= static_cast<int>(StudyState::kWithdrawn); ++state) {
    const Json json = Json::parse(StudyJson(ExampleStudy(static_cast<StudyState>(state))));
    ExpectFits(json, Schema("Study"), "study");
    states.insert(json["state"].get<std::string>());
  }
  const Json& words = OpenApi()["components"]["schemas"]["StudyState"]["enum"];
  EXPECT_EQ(states, std::set<std::string>(words.begin(), words.end()));
}

TEST(HubText, StudyKeepsWhatItWasGiven) {
  const Json json = Json::parse(StudyJson(ExampleStudy(StudyState::kRunning)));
  EXPECT_EQ(json["title"], "Response to \"first\" biologic – Zürich");
  EXPECT_EQ(json["state"], "running");
  EXPECT_EQ(json["progress"]["rounds"], 12);
  EXPECT_EQ(json["sites"][1],
            Json({{"name", "lyon"}, {"approval", "rejected"}, {"connected", false}}));
  EXPECT_TRUE(json["finished_at"].is_null());
  EXPECT_TRUE(json["error"].is_null());
}

TEST(HubText, StatusSitesAndStudiesFitTheOpenApiDocument) {
  const std::vector<StudySummary> studies = {ExampleStudy(StudyState::kRunning).summary};
  ExpectFits(Json::parse(StatusJson("hub", "0.1.0", ExampleSites(), studies)), Schema("Status"),
             "status");
  ExpectFits(Json::parse(SitesJson(ExampleSites())), {{"type", "array"}, {"items", Schema("Site")}},
             "sites");
  ExpectFits(Json::parse(StudiesJson(studies)),
             {{"type", "array"}, {"items", Schema("StudySummary")}}, "studies");
  EXPECT_EQ(SitesJson({}), "[]");
}

TEST(HubText, ErrorSurvivesBytesThatAreNotUtf8) {
  const Json json = Json::parse(ErrorJson("failed", "disk \xff full"));
  ExpectFits(json, Schema("Error"), "error");
  EXPECT_EQ(json["error"]["message"], "disk \xEF\xBF\xBD full");
}

TEST(HubText, MetricsCountSitesAndStudies) {
  const std::string text = MetricsText(
      "0.1.0", ExampleSites(),
      {ExampleStudy(StudyState::kRunning).summary, ExampleStudy(StudyState::kFinished).summary});
  for (const std::string line :
       {"clinnova_build_info{version=\"0.1.0\"} 1\n", "clinnova_hub_sites 2\n",
        "clinnova_hub_sites_connected 1\n", "clinnova_hub_studies{state=\"running\"} 1\n",
        "clinnova_hub_studies{state=\"failed\"} 0\n", "clinnova_hub_running_rounds 12\n"}) {
    EXPECT_NE(text.find("\n" + line), std::string::npos) << line << text;
  }
}

}  // namespace
}  // namespace clinnova::web
