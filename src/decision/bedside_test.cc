// SPDX-License-Identifier: Apache-2.0
// From a clinical system's question to cards and ledger, and what is refused on the way.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "cohort/site_files.h"
#include "decision/bedside_fixture.h"
#include "intake/import.h"

namespace clinnova::decision {
namespace {

using federation::LedgerKind;
using nlohmann::json;
using nlohmann::ordered_json;

class Bedside : public testing::Test {
 protected:
  Bedside() : site_("bedside") { desk_ = site_.Desk(); }

  ordered_json Cards(const BedsideQuestion& question, std::vector<std::string> unsupplied = {}) {
    const auto cards = desk_->Ask(question, unsupplied);
    EXPECT_TRUE(cards) << cards.error().message;
    return cards ? *cards : ordered_json::array();
  }
  std::string Detail(const ordered_json& cards) { return cards.at(0).at("detail"); }
  std::string Refused(const BedsideQuestion& question) {
    const auto cards = desk_->Ask(question, {});
    EXPECT_FALSE(cards);
    return cards ? "" : cards.error().reason;
  }
  std::string LastRefusal() { return site_.Noted(LedgerKind::kRefusal).back().at("reason"); }
  std::string LastWithheld() { return site_.Noted(LedgerKind::kInference).back().at("withheld"); }

  BedsideSite site_;
  std::unique_ptr<BedsideDesk> desk_;
};

TEST(OutcomeText, OfANumberHasTheMeanAndOnePatientsOwn) {
  LearnedModel model;
  model.binary = false;
  ArmOutcome outcome{.name = "JAK", .estimate = -2.134, .low = -2.6, .high = -1.6};
  EXPECT_EQ(OutcomeText(model, outcome), "-2.13 (-2.6 to -1.6)");
  outcome.own_low = -4.81;
  outcome.own_high = 0.555;
  EXPECT_EQ(OutcomeText(model, outcome), "-2.13 (-2.6 to -1.6); this patient's own -4.81 to 0.555");
  outcome = {.name = "JAK", .estimate = 3098.1, .low = 2955.9, .high = 3240.3};
  EXPECT_EQ(OutcomeText(model, outcome), "3098 (2956 to 3240)");
}

TEST_F(Bedside, RecommendsWithIntervalsInNaturalFrequencies) {
  const ordered_json cards = Cards(SamplePatient{}.Question());
  ASSERT_EQ(cards.size(), 1u);
  const ordered_json& card = cards[0];
  EXPECT_EQ(card["summary"], "Research: anti-IL-6 is expected to do best for low_activity");
  EXPECT_EQ(card["indicator"], "info");
  EXPECT_FALSE(card.contains("suggestions")) << "nothing is ordered";
  EXPECT_EQ(card["overrideReasons"].size(), 4u);
  const std::string detail = Detail(cards);
  EXPECT_TRUE(detail.starts_with("**Research use only.**")) << detail;
  // anti-IL-6 at a CRP of 40: expit(-2.6 + log 40) = 0.748, and with the sample's covariance 0.648 to 0.827.
  EXPECT_NE(detail.find("| anti-IL-6 | of 100 such patients, about 75 (65 to 83) |"),
            std::string::npos)
      << detail;
  EXPECT_NE(detail.find("| 230 patients |"), std::string::npos);
  const auto noted = site_.Noted(LedgerKind::kInference);
  ASSERT_EQ(noted.size(), 1u);
  EXPECT_EQ(noted[0]["withheld"], "");
  EXPECT_EQ(noted[0]["card"], card["uuid"]);
  EXPECT_EQ(noted[0]["output"], core::ToHex(core::Blake2b(card.dump())));
}

TEST_F(Bedside, AnswersAsTheModelDoes) {
  const auto model = ReadLearnedModel(SampleModel(), "sample").value();
  const auto direct =
      PredictLearned(model, {.numbers = {{"crp", 40}}, .levels = {{"sex", "F"}}}).value();
  EXPECT_NE(Detail(Cards(SamplePatient{}.Question())).find(NaturalFrequency(direct.outcomes[0])),
            std::string::npos);
  // 4 mg/dL is 40 mg/L: the same answer, for the vocabulary brings it to the canonical unit.
  EXPECT_NE(Detail(Cards(SamplePatient{.crp = 4, .unit = "mg/dL"}.Question()))
                .find(NaturalFrequency(direct.outcomes[1])),
            std::string::npos);
}

TEST_F(Bedside, ShowsTheModeOnEveryCard) {
  desk_ = site_.Desk(BedsideMode::kClinical);
  EXPECT_TRUE(Detail(Cards(SamplePatient{}.Question())).starts_with("**Clinical use.**"));
  desk_ = site_.Desk(BedsideMode::kInHouse);
  EXPECT_TRUE(
      Detail(Cards(SamplePatient{.consent = ""}.Question())).starts_with("**In-house device**"));
}

TEST_F(Bedside, GivesNoAdviceWithoutConsent) {
  for (const std::string consent : {"", "inactive", "rejected"}) {
    const ordered_json cards = Cards(SamplePatient{.consent = consent}.Question());
    ASSERT_EQ(cards.size(), 1u) << consent;
    EXPECT_NE(Detail(cards).find("no\\_consent"), std::string::npos) << Detail(cards);
    EXPECT_EQ(Detail(cards).find("of 100"), std::string::npos) << "no number is shown";
    EXPECT_EQ(LastRefusal(), "no_consent");
  }
  EXPECT_TRUE(site_.Noted(LedgerKind::kInference).empty());
}

TEST_F(Bedside, FindsTheConsentWhoeverMadeThePseudonyms) {
  const auto write = [&](const char* name, const std::string& text) {
    const std::filesystem::path path = site_.folder / name;
    std::ofstream(path) << text;
    std::filesystem::permissions(
        path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path.string();
  };
  std::string exported;
  for (const char* id : {"p1", "p2"}) {
    const json prefetch = SamplePatient{.id = id}.Prefetch();
    exported += prefetch["patient"].dump() + "\n" + prefetch["consents"].dump() + "\n";
    exported.replace(exported.rfind("k1"), 2, std::string("k") + id);
  }
  {
    auto store = store::Store::Open({.path = cohort::SiteFiles(site_.folder).store.string()});
    const auto report = intake::Import(
        *store, {.paths = {write("export.ndjson", exported)},
                 .key_file = cohort::SiteFiles(site_.folder).pseudonym_key.string(),
                 .pseudonyms = write("list.csv", "identifier,pseudonym\np1,MS-7K2Q9\n")});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->persons, 1);
  }
  // The clinical system says the hospital's own number of the patient, and sends no Consent.
  EXPECT_NE(Detail(Cards(SamplePatient{.id = "p1", .consent = ""}.Question())).find("of 100"),
            std::string::npos);
  EXPECT_NE(Detail(Cards(SamplePatient{.id = "p2", .consent = ""}.Question())).find("no\\_consent"),
            std::string::npos)
      << "a patient whom the list did not name";
}

TEST_F(Bedside, SaysWhatAMissingInputCouldChange) {
  BedsideQuestion question = SamplePatient{}.Question();
  std::erase_if(question.documents, [](const auto& each) { return each.name == "observations"; });
  const std::string detail = Detail(Cards(question, {"observations"}));
  EXPECT_NE(detail.find("counts as average here"), std::string::npos) << detail;
  EXPECT_NE(detail.find("crp is not known and could turn the answer"), std::string::npos) << detail;
  // anti-IL-6 over a CRP of 1 to 81: expit(-2.6 + log 1) = 0.069, expit(-2.6 + log 81) = 0.857.
  EXPECT_NE(detail.find("of what is not known, expected of 100: "), std::string::npos) << detail;
  EXPECT_NE(detail.find("anti-IL-6 7 to 86"), std::string::npos) << detail;
  EXPECT_NE(detail.find("observations were not sent"), std::string::npos);
  EXPECT_NE(detail.find("**No recommendation**"), std::string::npos);
  EXPECT_EQ(LastWithheld(), "not_supplied");
}

TEST_F(Bedside, UsesNoImpossibleValueAndNoWrongUnit) {
  for (const auto& [crp, unit, rule] : {std::tuple(5e6, "mg/L", "value.implausible"),
                                        std::tuple(40.0, "mmol/L", "unit.not_convertible"),
                                        std::tuple(40.0, "furlong", "unit.unknown")}) {
    SamplePatient patient;
    patient.crp = crp;
    patient.unit = unit;
    const std::string detail = Detail(Cards(patient.Question()));
    const std::string shown = std::string(rule).substr(0, 8);  // Markdown escapes the underscore
    EXPECT_NE(detail.find("(" + shown), std::string::npos) << detail;
    EXPECT_NE(detail.find("**No recommendation**"), std::string::npos);
    EXPECT_EQ(LastRefusal(), rule);
    EXPECT_EQ(LastWithheld(), "unusable_record");
  }
}

TEST_F(Bedside, DoesNotMindWhatNoFeatureReads) {
  BedsideQuestion question = SamplePatient{}.Question();
  const json changed = json::array({{{"url", "x"}}});
  const json subject = SamplePatient{}.Reference();
  question.documents.push_back(
      {"more",
       SamplePatient::Bundle(
           {
               {{"resourceType", "Practitioner"}, {"id", "d"}, {"modifierExtension", changed}},
               {{"resourceType", "Organization"}, {"id", "h"}, {"modifierExtension", changed}},
               {{"resourceType", "Device"},
                {"id", "hip"},
                {"patient", subject},
                {"modifierExtension", changed}},
               {{"resourceType", "Specimen"},
                {"id", "s"},
                {"subject", subject},
                {"modifierExtension", changed}},
               {{"resourceType", "Observation"},
                {"id", "ecg"},
                {"status", "final"},
                {"subject", subject},
                {"code", SamplePatient::Coded("http://loinc.org", "131328-5")},
                {"effectiveDateTime", "2026-11-20"},
                {"valueSampledData", {{"dimensions", 2}, {"period", 10}, {"data", "1 2 3 4"}}}},
           })
           .dump()});
  const std::string detail = Detail(Cards(question));
  EXPECT_EQ(detail.find("not used: "), std::string::npos) << detail;
  EXPECT_EQ(LastWithheld(), "") << detail;
}

TEST_F(Bedside, PutsSafetyBeforeBenefit) {
  const std::string detail =
      Detail(Cards(SamplePatient{.conditions = {"M05.9", "A15.0"}}.Question()));
  EXPECT_NE(detail.find("**anti-IL-6, contraindicated**: tuberculosis"), std::string::npos)
      << detail;
  EXPECT_LT(detail.find("Safety first"), detail.find("Expected:"));
  EXPECT_NE(detail.find("anti-IL-6 is expected to do best, but: "), std::string::npos) << detail;
  EXPECT_EQ(detail.find("is expected to do better"), std::string::npos) << detail;
  EXPECT_EQ(LastWithheld(), "safety");
}

TEST_F(Bedside, WarnsOfTheDrugThatIsAboutToBeOrdered) {
  SamplePatient patient{.birth = "1950-01-01", .conditions = {"M05.9", "G35"}};
  BedsideQuestion question = patient.Question("order-sign");
  question.draft_orders = patient.Order("L04AB04").dump();  // adalimumab, in multiple sclerosis
  ordered_json cards = Cards(question);
  EXPECT_EQ(cards[0]["indicator"], "critical");
  EXPECT_EQ(cards[0]["summary"],
            "Research: adalimumab, contraindicated: a demyelinating disease recorded: TNF "
            "inhibitors can bring it on or make it worse");
  question.draft_orders = patient.Order("L04AF01").dump();  // tofacitinib at 76
  cards = Cards(question);
  EXPECT_EQ(cards[0]["indicator"], "warning");
  question.draft_orders = patient.Order("L04AX03").dump();  // methotrexate: no arm
  cards = Cards(question);
  EXPECT_NE(Detail(cards).find("has never seen this drug"), std::string::npos) << Detail(cards);
  EXPECT_NE(Detail(cards).find("no safety rule knows it either"), std::string::npos);
  EXPECT_EQ(LastRefusal(), "unknown_drug");
}

/// A class of the disease module that the model did not learn: its rules hold all the same.
TEST_F(Bedside, ChecksTheSafetyOfADrugThatTheModelDoesNotKnow) {
  SamplePatient patient{.conditions = {"M05.9", "A15.0"}};
  BedsideQuestion question = patient.Question("order-sign");
  question.draft_orders = patient.Order("L01FA01").dump();
  const ordered_json cards = Cards(question);
  EXPECT_EQ(cards[0]["indicator"], "critical");
  EXPECT_TRUE(cards[0]["summary"].get<std::string>().starts_with(
      "Research: rituximab, contraindicated: tuberculosis recorded within two years: "))
      << cards[0]["summary"];
  EXPECT_NE(Detail(cards).find("rituximab is anti-CD20: the model has never seen this drug"),
            std::string::npos)
      << Detail(cards);
  EXPECT_EQ(site_.Noted(LedgerKind::kInference).back()["unknown_drug"], true);
  question.draft_orders = patient.Order("L04AB04").dump();
  EXPECT_EQ(Detail(Cards(question)).find("anti-CD20"), std::string::npos) << "nobody asked for it";
}

TEST_F(Bedside, LeavesOutWhomItDidNotLearnFrom) {
  EXPECT_TRUE(Cards(SamplePatient{.conditions = {"J45"}}.Question()).empty()) << "no arthritis";
  Cards(SamplePatient{.drugs = {"L04AB04"}}.Question());
  EXPECT_EQ(LastWithheld(), "outside_population") << "has had adalimumab";
  Cards(SamplePatient{.birth = "2012-01-01"}.Question());
  EXPECT_EQ(LastWithheld(), "outside_population") << "14 years old";
  Cards(SamplePatient{.crp = 400}.Question());
  EXPECT_EQ(LastWithheld(), "outside_support");
}

TEST_F(Bedside, RefusesWhatIsNotThePatientOrNotFhir) {
  BedsideQuestion question = SamplePatient{}.Question();
  question.patient_id = "Patient/p1";
  EXPECT_EQ(Cards(question).size(), 1u) << "a reference is as good as an id";
  question.patient_id = "p2";
  EXPECT_EQ(Refused(question), "wrong_patient");
  question = SamplePatient{}.Question();
  question.documents.push_back({"more", R"({"no": "resource"})"});
  EXPECT_EQ(Refused(question), "not_fhir");
  EXPECT_EQ(LastRefusal(), "not_fhir");
  question.documents = {{"conditions", R"({"resourceType": "Bundle"})"}};
  EXPECT_EQ(Refused(question), "no_patient");
}

TEST_F(Bedside, KeepsFeedbackWithoutItsText) {
  const ordered_json cards = Cards(SamplePatient{}.Question());
  ASSERT_TRUE(desk_->TakeFeedback({.card = cards[0]["uuid"],
                                   .outcome = "overridden",
                                   .reason = "partly",
                                   .has_comment = true}));
  const json noted = site_.Noted(LedgerKind::kFeedback).back();
  EXPECT_EQ(noted, json({{"card", cards[0]["uuid"]},
                         {"outcome", "overridden"},
                         {"reason", "partly"},
                         {"comment", true}}));
  EXPECT_FALSE(desk_->TakeFeedback({.card = "x", .outcome = "ignored", .reason = ""}));
  EXPECT_FALSE(desk_->TakeFeedback({.card = "x", .outcome = "accepted", .reason = "because"}));
}

TEST_F(Bedside, WritesNothingOfThePatientDown) {
  // Words that no hash or time of the ledger has by chance.
  SamplePatient patient{.id = "secret4711", .crp = 43.217654};
  Cards(patient.Question());
  std::ifstream file(site_.folder / "ledger.jsonl");
  const std::string ledger{std::istreambuf_iterator<char>(file), {}};
  for (const char* word : {"secret4711", "43.217", "1971-", "M05"}) {
    EXPECT_EQ(ledger.find(word), std::string::npos) << word;
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(site_.folder)) {
    EXPECT_NE(entry.path().extension(), ".duckdb") << entry.path();
  }
}

TEST_F(Bedside, KeepsPatientsApartWhoAskTogether) {
  const auto told = [&](double crp) { return Detail(Cards(SamplePatient{.crp = crp}.Question())); };
  std::map<double, std::string> expected;
  for (const double crp : {5.0, 10.0, 20.0, 40.0, 80.0}) expected[crp] = told(crp);
  std::atomic<int> same = 0;
  std::vector<std::thread> physicians;
  for (int i = 0; i < 10; ++i) {
    physicians.emplace_back([&, i] {  // all have the same patient id, and different values
      const auto& [crp, detail] = *std::next(expected.begin(), i % 5);
      for (int k = 0; k < 5; ++k) {
        if (told(crp) == detail) ++same;
      }
    });
  }
  for (std::thread& physician : physicians) physician.join();
  EXPECT_EQ(same, 50);
}

TEST_F(Bedside, StopsUsingAModelAtOnce) {
  ASSERT_EQ(Cards(SamplePatient{}.Question()).size(), 1u);
  ASSERT_TRUE(AddModel(site_.folder, site_.Registered(2), "choice-2.json"));
  ASSERT_TRUE(ApproveModel(site_.folder, "choice", 2));
  EXPECT_NE(Detail(Cards(SamplePatient{}.Question())).find("Model choice 2"), std::string::npos);
  ASSERT_TRUE(RemoveModel(site_.folder, "choice", 2));
  EXPECT_TRUE(Cards(SamplePatient{}.Question()).empty());
}

TEST(RegisteredModel, IsRefusedWhenItWasChanged) {
  const BedsideSite site("registered");
  const std::vector<federation::PublicKey> trusted = {site.hub.public_key()};
  std::string text = site.Registered(1);
  const auto opened = OpenRegisteredModel(text, "m.json", trusted);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->Label(), "choice 1");
  EXPECT_EQ(opened->feature_of.at("crp"), "crp_baseline");
  EXPECT_EQ(OpenRegisteredModel(text, "m.json", {}).error().reason, "untrusted_key");
  const std::size_t number = text.find("-2.6");
  text.replace(number, 4, "-2.7");
  const auto changed = OpenRegisteredModel(text, "m.json", trusted);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, ErrorCode::kRefused);
  EXPECT_EQ(changed.error().reason, "bad_signature");
  EXPECT_FALSE(OpenRegisteredModel("{}", "m.json", trusted));
  EXPECT_FALSE(OpenRegisteredModel("", "m.json", trusted));
}

TEST(RegisteredModel, NeedsAnAnalysisWithAModel) {
  const auto hub = federation::SiteIdentity::Create().value();
  const std::string result = SampleResult();
  const std::string study = SampleStudy();
  const auto error = [&](const std::string& analysis, const std::string& name) {
    const auto text = RegisterModel({.result = result,
                                     .study = study,
                                     .analysis = analysis,
                                     .name = name,
                                     .hub = "h",
                                     .time = ""},
                                    hub);
    return text ? std::string() : text.error().message;
  };
  EXPECT_EQ(error("choice", "choice"), "");
  EXPECT_NE(error("counts", "choice").find("has no model"), std::string::npos);
  EXPECT_NE(error("other", "choice").find("expected one of counts, choice"), std::string::npos);
  EXPECT_NE(error("choice", "../x").find("letters, digits"), std::string::npos);
}

}  // namespace
}  // namespace clinnova::decision
