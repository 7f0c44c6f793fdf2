// SPDX-License-Identifier: Apache-2.0
#include "quality/report.h"

#include <nlohmann/json.hpp>

#include "quality/catalogue.h"
#include "quality/history.h"
#include "quality/planted_cdm.h"

namespace clinnova::quality {
namespace {

/// Three checks with names that a page must escape.
QualityReport Small() {
  QualityReport report;
  report.ran_at = "2026-03-01T09:30:00Z";
  report.seconds = 1.5;
  const auto add = [&report](const char* id, Status status, std::int64_t n, std::int64_t of) {
    Check check;
    check.id = id;
    check.type = &GetCatalogue().Type("after_birth");
    check.table = "measurement";
    check.description = "rows <b>\"of\" 'A & B'</b>";
    check.source = "DQD";
    report.checks.push_back(check);
    report.outcomes.push_back({n, of, status, ""});
  };
  add("a.small", Status::kFail, 1, 10000);
  add("a.large", Status::kFail, 1500, 3000);
  add("a.good", Status::kPass, 0, 3000);
  return report;
}

TEST(ReportText, ListsWhatFailedTheWorstFirst) {
  const std::string text = ReportText(Small());
  EXPECT_NE(text.find("3 checks in 1.5 s: 1 passed, 2 failed, 0 errors"), text.npos) << text;
  EXPECT_LT(text.find("50.0 %  a.large"), text.find("0.01 %  a.small")) << text;
  EXPECT_NE(text.find("1,500 of 3,000: rows"), text.npos);
  EXPECT_EQ(text.find("a.good"), text.npos);
}

TEST(ReportJson, HasTheDocumentedShape) {
  const auto json = ReportJson(Small());
  EXPECT_EQ(json["format"], "clinnova-quality 1");
  EXPECT_EQ(json["totals"]["checks"], 3);
  EXPECT_EQ(json["totals"]["fail"], 2);
  const auto& check = json["checks"][1];
  EXPECT_EQ(check["id"], "a.large");
  EXPECT_EQ(check["category"], "plausibility");
  EXPECT_EQ(check["context"], "verification");
  EXPECT_EQ(check["numerator"], 1500);
  EXPECT_EQ(check["share_percent"], 50.0);
  EXPECT_EQ(check["status"], "fail");
  EXPECT_EQ(check.size(), 17u);
}

TEST(ReportHtml, EscapesEverythingAndNeedsNothingElse) {
  const std::string html = ReportHtml(Small(), "A <script>");
  EXPECT_NE(html.find("<title>A &lt;script&gt;</title>"), html.npos);
  EXPECT_EQ(html.find("<b>"), html.npos);
  EXPECT_NE(html.find("rows &lt;b&gt;&quot;of&quot; &#39;A &amp; B&#39;&lt;/b&gt;"), html.npos);
  for (const char* outside : {"<script", "<link", "<img", "http:", "https:", "url("})
    EXPECT_EQ(html.find(outside), html.npos) << outside;
}

TEST(ReportText, NeverShowsAShareAsNoneOrAll) {
  EXPECT_EQ(PercentText(0), "0.0 %");
  EXPECT_EQ(PercentText(0.00004), "4e-05 %");
  EXPECT_EQ(PercentText(99.99), "99.9 %");
  EXPECT_EQ(PercentText(100), "100.0 %");
  EXPECT_EQ(Thousands(-1234567), "-1,234,567");
  EXPECT_EQ(Thousands(999), "999");
}

TEST(Report, HoldsNothingOfASinglePatient) {
  store::Store store = CleanCdm();
  Do(store,
     "UPDATE person SET person_id = 7777777 WHERE person_id = 1; UPDATE measurement SET person_id "
     "= "
     "7777777, value_as_number = 88888.5 WHERE person_id = 1");
  const QualityReport report = ReportOf(store);
  for (const std::string& text :
       {ReportText(report), ReportJson(report).dump(), ReportHtml(report, "Basel")}) {
    EXPECT_EQ(text.find("7777777"), text.npos);
    EXPECT_EQ(text.find("88888"), text.npos);
  }
}

TEST(History, ShowsWhatALaterImportMadeBetter) {
  store::Store store = CleanCdm();
  Do(store, "UPDATE measurement SET value_as_number = 11 WHERE measurement_id IN (101111, 101211)");
  const auto none = ReadHistory(store.database());
  ASSERT_TRUE(none.has_value()) << none.error().message;
  EXPECT_EQ(HistoryText(*none), "the checks have not run yet (clinnova site quality)\n");

  ASSERT_TRUE(KeepRun(store.database(), ReportOf(store)).has_value());
  Do(store,
     "INSERT INTO clinnova.import_report VALUES (1, '2026-01-01 00:00:00', '{}');"
     "UPDATE measurement SET value_as_number = 3 WHERE measurement_id IN (101111, 101211);"
     "UPDATE measurement SET value_as_number = 3.7 WHERE measurement_id = 102111");
  ASSERT_TRUE(KeepRun(store.database(), ReportOf(store)).has_value());
  const auto history = ReadHistory(store.database());
  ASSERT_TRUE(history.has_value()) << history.error().message;
  ASSERT_EQ(history->runs.size(), 2u);
  EXPECT_EQ(history->runs[0].import_id, 1);
  EXPECT_EQ(history->runs[1].import_id, 0);
  const std::string text = HistoryText(*history);
  EXPECT_NE(text.find("mended   measurement.value_high.2000000701  2 of 30 -> 0 of 30"), text.npos)
      << text;
  EXPECT_NE(text.find("changed  measurement.rule.edss_step  2 of 30 -> 1 of 30"), text.npos)
      << text;
  const auto json = HistoryJson(*history);
  EXPECT_EQ(json["format"], "clinnova-quality-history 1");
  EXPECT_EQ(json["changes"].size(), 2u);
}

// What cannot be asked any more was not mended.
TEST(History, CallsAFailureGoneWhereNothingIsLeftToCheck) {
  store::Store store = CleanCdm();
  Do(store, "UPDATE measurement SET value_as_number = 11 WHERE measurement_id = 101111");
  ASSERT_TRUE(KeepRun(store.database(), ReportOf(store)).has_value());
  Do(store, "DELETE FROM measurement WHERE measurement_concept_id = 2000000701");
  ASSERT_TRUE(KeepRun(store.database(), ReportOf(store)).has_value());
  const auto history = ReadHistory(store.database());
  ASSERT_TRUE(history.has_value()) << history.error().message;
  const std::string text = HistoryText(*history);
  EXPECT_NE(text.find("gone     measurement.value_high.2000000701  1 of 30 -> not applicable"),
            text.npos)
      << text;
  EXPECT_EQ(text.find("mended"), text.npos) << text;
}

}  // namespace
}  // namespace clinnova::quality
