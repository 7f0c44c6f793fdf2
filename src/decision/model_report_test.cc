// SPDX-License-Identifier: Apache-2.0
#include "decision/model_report.h"

#include <gtest/gtest.h>

#include "decision/bedside_fixture.h"

namespace clinnova::decision {
namespace {

TEST(ModelReport, SaysWhatTheDocumentSaysAndWhatItDoesNot) {
  const auto report = ModelReport(SampleModel(), "sample.json");
  ASSERT_TRUE(report) << report.error().message;
  const std::string text = ModelReportText(*report);
  for (const char* expected :
       {"Low disease activity at six months", "basel, freiburg, luxembourg", "800 persons",
        "JAK (240), anti-IL-6 (230), anti-TNF (330)", "crp (mg/L): mean 20, sd 16",
        "anti-IL-6: logit = -2.6 + 1 log(crp) + 0 sexM", "2 regression trees",
        "Choosing by the rule does better"}) {
    EXPECT_NE(text.find(expected), std::string::npos) << expected << "\n" << text;
  }
  EXPECT_GT(text.find("5b Dates of the data"), text.find("Not reported"));
}

TEST(ModelReport, ShowsARegisteredModelByItsDocument) {
  const auto hub = federation::SiteIdentity::Create().value();
  const std::string result = SampleResult();
  const std::string study = SampleStudy();
  const auto registered = RegisterModel(
      {.result = result, .study = study, .analysis = "choice", .name = "c", .hub = "h", .time = ""},
      hub);
  EXPECT_EQ(*ModelReport(*registered, "c.json"), *ModelReport(SampleModel(), "sample.json"));
}

TEST(ModelReport, EscapesHtmlAndRefusesWhatIsNoModel) {
  auto document = nlohmann::json::parse(SampleModel());
  document["title"] = "<script>alert(1)</script>";
  const std::string html = ModelReportHtml(*ModelReport(document.dump(), "x"));
  EXPECT_EQ(html.find("<script>"), std::string::npos);
  EXPECT_NE(html.find("&lt;script&gt;"), std::string::npos);
  EXPECT_FALSE(ModelReport("{}", "x"));
  EXPECT_FALSE(ModelReport("no json", "x"));
}

}  // namespace
}  // namespace clinnova::decision
