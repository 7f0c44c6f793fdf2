// SPDX-License-Identifier: Apache-2.0
#include "decision/model_report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "core/text.h"
#include "decision/learned_model.h"

namespace clinnova::decision {
namespace {

using core::EscapedHtml;
using core::Significant;
using nlohmann::json;
using nlohmann::ordered_json;

std::string Inputs(const LearnedModel& model) {
  std::string text;
  for (const ModelInput& input : model.inputs) {
    text += (text.empty() ? "" : "; ") + input.name;
    if (input.factor) {
      for (std::size_t l = 0; l < input.levels.size(); ++l) {
        text += (l == 0 ? ": " : ", ") + input.levels[l] + " " + std::to_string(input.counts[l]);
      }
      continue;
    }
    if (!input.unit.empty()) text += " (" + input.unit + ")";
    text += ": mean " + Significant(input.mean, 4) + ", sd " + Significant(input.sd, 4) +
            ", 1 % to 99 % " + Significant(input.low, 4) + " to " + Significant(input.high, 4) +
            ", missing " + Significant(100 * input.missing, 4) + " %";
  }
  return text;
}

std::string Arms(const LearnedModel& model) {
  std::string text;
  for (const ModelArm& arm : model.arms) {
    text += (text.empty() ? "" : ", ") + arm.name + " (" + std::to_string(arm.n) + ")";
  }
  return text;
}

/// The full equation of each arm: what a reader needs to compute it by hand.
std::string Equations(const LearnedModel& model) {
  std::string text;
  for (const ModelArm& arm : model.arms) {
    const char* link = arm.link == OutcomeLink::kLogit      ? "logit"
                       : arm.link == OutcomeLink::kIdentity ? "identity"
                                                            : "log";
    text += (text.empty() ? "" : "; ") + arm.name + ": " + link + " = ";
    if (!arm.trees.empty()) {
      text += Significant(arm.base_score, 4) + " + " + std::to_string(arm.trees.size()) +
              " regression trees (in the document)";
      continue;
    }
    for (std::size_t t = 0; t < arm.coefficients.size(); ++t) {
      const double coefficient = arm.coefficients[t];
      if (t == 0) {
        text += Significant(coefficient, 4);
      } else {
        text += (coefficient < 0 ? " - " : " + ") + Significant(std::abs(coefficient), 4);
      }
      if (model.terms[t] != "(Intercept)") text += " " + model.terms[t];
    }
  }
  return text;
}

class Report {
 public:
  /// `registered`: the registry's file around the document, or null.
  Report(const LearnedModel& model, const json& document, const json& registered)
      : model_(model), document_(document), registered_(registered) {
    if (registered.is_object()) study_ = registered.value("study", json::object());
    const json head = study_.value("study", json::object());
    report_["title"] = head.value("title", model.title.empty() ? model.name : model.title);
    report_["model"] = model.name;
    report_["items"] = ordered_json::array();
    report_["not_reported"] = ordered_json::array();
  }

  ordered_json Write() {
    const json provenance = document_.value("provenance", json::object());
    const json evaluation = document_.value("evaluation", json::object());
    const bool choice = model_.kind == LearnedKind::kTreatmentChoice;
    const json head = study_.value("study", json::object());
    Add("1", "Title", "Title", model_.title.empty() ? model_.name : model_.title);
    Add("1", "Title", "Study", head.value("title", ""));
    Add("", "Title", "Version", Version());
    Add("3", "Introduction", "Purpose", head.value("purpose", ""));
    Add("4", "Introduction", "Objective",
        choice ? "which of several treatments is expected to do best for a patient"
               : "an outcome's expectation for a patient");
    Add("5a", "Methods", "Source of data",
        "a federated study over the sites' own records; only sums over sites left them" +
            Known(", study ", provenance.value("study", "")) +
            Known("; permit: ", head.value("permit", "")));
    Add("5b", "Methods", "Dates of the data", "");
    Add("6a", "Methods", "Setting and sites",
        List(head.value("sites", provenance.value("sites", json()))));
    for (const auto& [item, key, heading] :
         {std::tuple("6b", "eligibility", "Eligibility"),
          std::tuple("6b", "time_zero", "Time zero"),
          std::tuple("6c", "assignment", "Assignment, as assumed"),
          std::tuple("8b", "follow_up", "Follow-up")}) {
      if (choice) Add(item, "Methods", heading, TargetTrial(key));
    }
    Add("6c", "Methods", "Treatments, with patients", choice ? Arms(model_) : "");
    Add("8a", "Methods", "Outcome",
        model_.outcome + Known(", ", TargetTrial("outcome")) +
            (model_.binary ? ", yes or no; " : ", a number; ") +
            (model_.higher_is_better ? "more is better" : "less is better"));
    Add("9a", "Methods", "Predictors", Inputs(model_));
    Add("10", "Methods", "Sample size",
        provenance.contains("n") ? provenance["n"].dump() + " persons" : "");
    Add("10", "Methods", "Persons that each model needs", SampleSize(evaluation));
    Add("11", "Methods", "Missing data",
        LeftOut() ? LeftOutText() : Described(evaluation, "missing_data"));
    Add("12c", "Methods", "Model's form", model_.formula);
    Add("14", "Methods", "Fairness", Fairness(evaluation));
    Add("15", "Methods", "Uncertainty of a prediction",
        Described(document_.value("intervals", json::object()), "method"));
    if (!model_.binary) {
      Add("15", "Methods", "Where one patient's own outcome lies", OwnOutcomesText(model_));
    }
    Add("18f", "Open science", "Program", provenance.value("program", ""));
    Add("20a", "Results", "Flow of participants", Described(evaluation, "participants"));
    Add("22", "Results", "Full model", Equations(model_));
    Add("23a", "Results", "Performance", model_.verdict);
    Add("23a", "Results", "Discrimination, out of fold", Discrimination(evaluation));
    Add("23a", "Results", "Net benefit, out of fold", NetBenefit(evaluation));
    if (evaluation.contains("policy_tree")) {
      Add("23a", "Results", "A rule that can be read", PolicyTree(evaluation["policy_tree"]));
    }
    Add("23a", "Results", "Calibration, out of fold", Calibration());
    Add("23a", "Results", "Benefit, out of fold", Benefit(evaluation));
    Add("23b", "Results", "Heterogeneity between sites", BetweenSites(evaluation));
    Add("26", "Discussion", "Limitations",
        "learned from observational data: differences between treatments rest on the inputs "
        "accounting for why patients got them");
    Add("27a", "Usability", "Missing inputs at the bedside",
        "stand at their mean; an answer that they could turn is withheld");
    Add("27b", "Usability", "Use",
        "research, unless a site says otherwise; informs a physician who decides; orders nothing");
    AskForBias(choice);
    return std::move(report_);
  }

 private:
  // --- Risk of bias: PROBAST+AI's four domains, asked in our words ---

  void Ask(const char* domain, const char* question, const char* answer,
           const std::string& evidence) {
    report_["risk_of_bias"].push_back(
        {{"domain", domain}, {"question", question}, {"answer", answer}, {"evidence", evidence}});
  }

  void AskForBias(bool choice) {
    AskOfData(choice);
    AskOfOutcome();
    AskOfAnalysis(choice);
  }

  void AskOfData(bool choice) {
    const bool study = study_.contains("study");
    Ask("participants and data", "Are the sources of data suited to the purpose?", kByPerson, "");
    Ask("participants and data", "Were the right persons taken in and left out?", kByPerson,
        choice ? TargetTrial("eligibility") : "");
    Ask("predictors", "Are predictors defined and computed alike for everybody?",
        study ? kYes : kByPerson,
        study ? "every site computes them by the study's own definitions, and the same code does "
                "so for the patient at hand"
              : "");
    Ask("predictors", "Were predictors recorded without knowledge of the outcome?", kByPerson, "");
    Ask("predictors", "Are all predictors known when the model is asked?", kByPerson, "");
  }

  void AskOfOutcome() {
    const bool study = study_.contains("study");
    Ask("outcome", "Was the outcome defined before the analysis?", study ? kYes : kByPerson,
        study ? "the study names it, and was approved at every site before it ran" : "");
    bool apart = true;
    for (const ModelInput& input : model_.inputs) apart = apart && input.name != model_.outcome;
    Ask("outcome", "Are predictors kept out of the outcome?", kByPerson,
        apart ? "the outcome's own column is none of the predictors" : "");
    Ask("outcome", "Was the outcome found alike for everybody, without knowledge of predictors?",
        kByPerson, "");
    Ask("outcome", "Is the time between predictors and outcome right?", kByPerson,
        TargetTrial("follow_up"));
  }

  void AskOfAnalysis(bool choice) {
    std::size_t parameters = 0;
    bool trees = false;
    for (const ModelArm& arm : model_.arms) {
      parameters = std::max(parameters, arm.coefficients.size());
      trees = trees || !arm.trees.empty();
    }
    const json provenance = document_.value("provenance", json::object());
    const std::string persons = provenance.contains("n") ? provenance["n"].dump() + " persons" : "";
    const json evaluation = document_.value("evaluation", json::object());
    const std::string needed = SampleSize(evaluation);
    Ask("analysis", "Are there enough persons, and enough with the outcome?",
        EnoughPersons(evaluation),
        !needed.empty()
            ? needed
            : persons + (parameters > 0 ? ", " + std::to_string(parameters) + " coefficients" +
                                              (choice ? " for each treatment" : "")
                                        : ""));
    double missing = 0;
    for (const ModelInput& input : model_.inputs) missing = std::max(missing, input.missing);
    const char* const all = "Were all persons who were taken in analysed?";
    if (LeftOut()) {
      Ask("analysis", all, *LeftOut() > 0 ? kNo : kYes, LeftOutText());
    } else {
      Ask("analysis", all, missing > 0 ? kNo : kByPerson,
          missing > 0
              ? "an input is missing in up to " + Significant(100 * missing, 3) + " % of the rows"
              : "");
    }
    Ask("analysis", "Was what is missing dealt with in the right way?", kByPerson, "");
    Ask("analysis", "Were predictors not picked by their association one by one?", kYes,
        trees ? "all were offered to the trees"
              : "all were in the model, whatever their association");
    Ask("analysis", "Were complexities of the data taken care of, such as censoring?", kByPerson,
        "");
    const std::string calibration = Calibration();
    Ask("analysis", "Was performance measured as it should be, calibration among it?",
        calibration.empty() ? kByPerson : kYes, calibration);
    Ask("analysis", "Was account taken of overfitting?", choice ? kYes : kByPerson,
        choice ? "persons were judged by models that had not seen their fold" : "");
    Ask("analysis", "Is the model that is given the one that was fitted?", kYes,
        "the document has all of it");
    if (choice) {
      Ask("analysis", "Is everything that decided the treatment among the predictors?", kByPerson,
          TargetTrial("assignment"));
    }
  }

  void Add(const char* item, const char* section, const char* heading, const std::string& text) {
    if (text.empty()) {
      report_["not_reported"].push_back(std::string(item) + " " + heading);
      return;
    }
    report_["items"].push_back(
        {{"item", item}, {"section", section}, {"heading", heading}, {"text", text}});
  }

  /// "ra-choice 1, registered 2026-11-26 by Clinnova demo; ledger root ca8b8397…"
  std::string Version() const {
    if (!registered_.is_object()) return {};
    return registered_.value("name", "") + " " + std::to_string(registered_.value("version", 0)) +
           Known(", registered ", registered_.value("registered", "").substr(0, 10)) +
           Known(" by ", registered_.value("hub", "")) +
           Known("; ledger root ", registered_.value("ledger_root", "").substr(0, 16));
  }

  /// What the study's analysis says of its target trial.
  std::string TargetTrial(const char* key) const {
    for (const json& analysis : study_.value("analysis", json::array())) {
      if (analysis.value("name", "") != model_.name) continue;
      return analysis.value("target_trial", json::object()).value(key, "");
    }
    return {};
  }

  /// Persons whom the study's analysis left out for a missing value, as far as the registry knows.
  std::optional<std::int64_t> LeftOut() const {
    if (!registered_.is_object()) return std::nullopt;
    const json missing = registered_.value("n_missing", json());
    if (!missing.is_number_integer()) return std::nullopt;
    return missing.get<std::int64_t>();
  }
  std::string LeftOutText() const {
    return std::to_string(*LeftOut()) + " persons left out for a missing outcome or input";
  }

  static std::string Known(const std::string& before, const std::string& text) {
    return text.empty() ? text : before + text;
  }
  static std::string List(const json& list) {
    std::string text;
    if (!list.is_array()) return text;
    for (const json& each : list) {
      if (each.is_string()) text += (text.empty() ? "" : ", ") + each.get<std::string>();
    }
    return text;
  }
  /// A text as it is, anything else as JSON; empty when it is not there.
  static std::string Described(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
  }

  /// "not known" where there is none.
  static std::string NumberText(const json& of, const char* key) {
    const auto found = of.find(key);
    return found != of.end() && found->is_number() ? Significant(found->get<double>(), 3)
                                                   : std::string("not known");
  }

  /// "anti-TNF: AUC 0.71 (0.65 to 0.77), Brier 0.21; …; all: …"
  static std::string Discrimination(const json& evaluation) {
    const json told = evaluation.value("discrimination", json::object());
    std::string text;
    const auto add = [&](const std::string& name, const json& of) {
      text += (text.empty() ? "" : "; ") + name + ": ";
      if (of.contains("auc")) {
        text += "AUC " + NumberText(of, "auc") + " (" + NumberText(of, "conf_low") + " to " +
                NumberText(of, "conf_high") + "), Brier " + NumberText(of, "brier");
      } else {
        text += "RMSE " + NumberText(of, "rmse") + ", R squared " + NumberText(of, "r_squared");
      }
    };
    if (!told.is_object()) return text;
    for (const json& arm : told.value("arms", json::array())) {
      if (arm.is_object()) add(arm.value("arm", ""), arm);
    }
    if (told.value("all", json()).is_object()) add("all", told["all"]);
    return text;
  }

  /// "JAK: 240 persons, 98 with the outcome, 4 coefficients; shrinkage of 0.9 needs 410: not enough; …"
  static std::string SampleSize(const json& evaluation) {
    const json told = evaluation.value("sample_size", json::array());
    std::string text;
    for (const json& arm : told.is_array() ? told : json::array()) {
      if (!arm.is_object()) continue;
      text += (text.empty() ? "" : "; ") + arm.value("arm", "") + ": " + NumberText(arm, "n") +
              " persons, " + NumberText(arm, "n_events") + " with the outcome";
      if (arm.value("parameters", json()).is_number())
        text += ", " + NumberText(arm, "parameters") + " coefficients";
      for (const json& criterion : arm.value("criteria", json::array())) {
        if (!criterion.is_object() || !criterion.value("enough", json()).is_boolean()) continue;
        const std::string name = criterion.value("criterion", "");
        const std::string words = name == "shrinkage"  ? "a shrinkage factor of 0.9"
                                  : name == "optimism" ? "an optimism of R squared of 0.05"
                                                       : "the overall risk to 0.05";
        const bool known = criterion.value("n_needed", json()).is_number();
        text += ", " + words + " needs " +
                (known ? criterion["n_needed"].dump() : "more than any number") +
                (criterion["enough"].get<bool>() ? ": enough" : ": not enough");
      }
    }
    return text;
  }

  /// Yes where every criterion of every model says so.
  static const char* EnoughPersons(const json& evaluation) {
    const json told = evaluation.value("sample_size", json::array());
    if (!told.is_array() || told.empty()) return kByPerson;
    const char* answer = kYes;
    for (const json& arm : told) {
      for (const json& criterion :
           arm.is_object() ? arm.value("criteria", json::array()) : json::array()) {
        const json enough = criterion.is_object() ? criterion.value("enough", json()) : json();
        if (enough == false) return kNo;
        if (!enough.is_boolean()) answer = kByPerson;
      }
    }
    return answer;
  }

  /// "JAK over anti-TNF: gain 0.05 (0.01 to 0.09), slope 0.8, off by 0.02 on average, c-for-benefit 0.57 (0.52 to 0.62), …"
  static std::string Benefit(const json& evaluation) {
    const json told = evaluation.value("benefit", json::array());
    std::string text;
    const auto around = [](const json& of) {
      return NumberText(of, "estimate") + " (" + NumberText(of, "conf_low") + " to " +
             NumberText(of, "conf_high") + ")";
    };
    for (const json& contrast : told.is_array() ? told : json::array()) {
      if (!contrast.is_object()) continue;
      text += (text.empty() ? "" : "; ") + contrast.value("first", "") + " over " +
              contrast.value("second", "") + ": gain " +
              around(contrast.value("mean", json::object())) + ", slope on the prediction " +
              NumberText(contrast, "slope") + ", predictions off by " +
              NumberText(contrast, "e_average") + " on average";
      const json c = contrast.value("c_for_benefit", json());
      if (!c.is_object()) continue;
      text += ", c-for-benefit " + around(c) + ", Brier for benefit " +
              NumberText(contrast, "brier_for_benefit") + ", cross-entropy for benefit " +
              NumberText(contrast, "cross_entropy_for_benefit");
    }
    return text;
  }

  /// "gain 0.11 (0.03 to 0.19), I2 0 %, at a further site 0.01 to 0.21; AUC …; patients shifted: crp at 1 of 4 sites"
  static std::string BetweenSites(const json& evaluation) {
    const json told = evaluation.value("between_sites", json::object());
    if (!told.is_object()) return {};
    std::string text;
    const auto add = [&](const char* name, const json& of) {
      if (!of.is_object()) return;
      const auto number = [&](const char* key) { return NumberText(of, key); };
      text += (text.empty() ? "" : "; ") + std::string(name) + " " + number("estimate") + " (" +
              number("conf_low") + " to " + number("conf_high") + "), I2 " + number("i2") +
              " %, at a further site " + number("prediction_low") + " to " +
              number("prediction_high");
    };
    add("gain", told.value("gain", json()));
    add("AUC", told.value("auc", json()));
    for (const json& input : told.value("shift", json::array())) {
      if (!input.is_object() || input.value("sites_shifted", 0) == 0) continue;
      text += (text.empty() ? "" : "; ") + std::string("patients differ in ") +
              input.value("input", "") + " at " + std::to_string(input.value("sites_shifted", 0)) +
              " of " + std::to_string(input.value("sites", 0)) + " sites";
    }
    return text;
  }

  /// "sex F: gain 0.11 (0.03 to 0.19), observed less predicted outcome 0.01 (-0.02 to 0.04), AUC 0.7 (0.6 to 0.8); sex M: …"
  static std::string Fairness(const json& evaluation) {
    const json told = evaluation.value("subgroups", json());
    if (!told.is_array()) return Described(evaluation, "subgroups");
    const auto around = [](const json& of) {
      return NumberText(of, "estimate") + " (" + NumberText(of, "conf_low") + " to " +
             NumberText(of, "conf_high") + ")";
    };
    std::string text;
    for (const json& group : told) {
      if (!group.is_object()) continue;
      text += (text.empty() ? "" : "; ") + group.value("variable", "") + " " +
              group.value("level", "") + ": gain " + around(group);
      const json outcome = group.value("outcome", json::object());
      if (!outcome.is_object() || !outcome.value("difference", json()).is_object()) continue;
      text += ", observed less predicted outcome " + around(outcome["difference"]);
      const json area = outcome.value("discrimination", json());
      if (!area.is_object() || !area.value("auc", json()).is_number()) continue;
      text += ", AUC " + NumberText(area, "auc") + " (" + NumberText(area, "conf_low") + " to " +
              NumberText(area, "conf_high") + ")";
    }
    return text;
  }

  /// Where along the thresholds the rule has the largest net benefit of all strategies.
  static std::string NetBenefit(const json& evaluation) {
    const json told = evaluation.value("net_benefit", json::object());
    if (!told.is_object()) return {};
    std::string best;
    std::size_t known = 0;
    for (const json& row : told.value("thresholds", json::array())) {
      if (!row.is_object() || !row.value("best", json()).is_string()) continue;
      ++known;
      if (row["best"] != "rule") continue;
      best += (best.empty() ? "" : ", ") + Significant(row.value("threshold", 0.0), 3);
    }
    if (known == 0) return {};
    const std::string over = " over " + told.value("reference", std::string()) + " for everybody";
    if (best.empty()) return "at none of the thresholds does the rule do best" + over;
    return "the rule does best, leaving it only for a predicted gain above the threshold," + over +
           " and every other drug, at thresholds of " + best;
  }

  /// "crp <= 9 and sex is F: IL-6; …; trees so learned gain 0.08 (0.01 to 0.17) over JAK for everybody, out of fold"
  static std::string PolicyTree(const json& told) {
    if (!told.is_object()) return {};
    std::string text;
    for (const json& leaf : told.value("rule", json::array())) {
      if (leaf.is_string()) text += leaf.get<std::string>() + "; ";
    }
    const json gain = told.value("gain", json::object());
    if (text.empty() || !gain.is_object() || !gain.value("best_single", json()).is_string()) {
      return {};
    }
    return text + "trees so learned gain " + NumberText(gain, "estimate") + " (" +
           NumberText(gain, "conf_low") + " to " + NumberText(gain, "conf_high") + ") over " +
           gain["best_single"].get<std::string>() + " for everybody, out of fold";
  }

  std::string Calibration() const {
    std::string text;
    const json calibration = document_.value("calibration", json::object());
    for (const auto& [arm, of_arm] : calibration.items()) {
      if (!of_arm.contains("slope") || !of_arm["slope"].is_number()) continue;
      text += (text.empty() ? "" : "; ") + arm + ": intercept " +
              Significant(of_arm.value("intercept", 0.0), 4) + ", slope " +
              Significant(of_arm["slope"].get<double>(), 4);
      if (!of_arm.value("ici", json()).is_number()) continue;
      text += ", off its curve by " + NumberText(of_arm, "ici") + " on average (ICI), " +
              NumberText(of_arm, "e_50") + " in the median (E50), " + NumberText(of_arm, "e_90") +
              " or less for 90 % (E90)";
    }
    return text;
  }

  static constexpr const char* kYes = "yes";
  static constexpr const char* kNo = "no";
  static constexpr const char* kByPerson = "to be judged by a person";

  const LearnedModel& model_;
  const json& document_;
  const json& registered_;
  json study_ = json::object();
  ordered_json report_;
};

constexpr std::string_view kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 "
    "1rem;color:#1a2330}"
    "h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.05rem;margin:1.6rem 0 "
    ".4rem;color:#0b5c6b;"
    "border-bottom:1px solid #d5dde3}"
    "dl{display:grid;grid-template-columns:15rem 1fr;gap:.35rem "
    "1rem;margin:0}dt{font-weight:600;padding-left:2.75rem;text-indent:-2.75rem}"
    "dt "
    "span{display:inline-block;min-width:2.4rem;text-indent:0;color:#6b7885;font-weight:400}dd{"
    "margin:0}"
    "dl.asked{grid-template-columns:22rem 1fr}dl.asked dt{padding:0;text-indent:0}"
    "ul{margin:.2rem 0;padding-left:1.2rem;color:#6b7885}"
    "@media(max-width:40rem){dl,dl.asked{grid-template-columns:1fr}}";

std::string Text(const ordered_json& item, const char* key) { return item[key].get<std::string>(); }

}  // namespace

Result<ordered_json> ModelReport(std::string_view text, const std::string& file) {
  json document = json::parse(text, nullptr, false);
  // A registered model is shown by the document inside it, with what the registry says around it.
  json registered;
  if (document.is_object() && document.contains("signature") && document.contains("model")) {
    registered = document;
    document = json(registered["model"]);
  }
  CLINNOVA_ASSIGN(
      const LearnedModel model,
      ReadLearnedModel(document.is_discarded() ? std::string(text) : document.dump(), file));
  return Report(model, document, registered).Write();
}

std::string ModelReportText(const ordered_json& report) {
  std::string text = Text(report, "title") + "\n";
  std::string section;
  for (const ordered_json& item : report["items"]) {
    if (Text(item, "section") != section) {
      section = Text(item, "section");
      text += "\n" + section + "\n";
    }
    text += "  " + Text(item, "item") + "  " + Text(item, "heading") + "\n      " +
            Text(item, "text") + "\n";
  }
  text += "\nNot reported\n";
  for (const ordered_json& item : report["not_reported"]) {
    text += "  " + item.get<std::string>() + "\n";
  }
  text += "\nRisk of bias\n";
  for (const ordered_json& asked : report["risk_of_bias"]) {
    text += "  " + Text(asked, "question") + "  " + Text(asked, "answer") + "\n";
    if (!Text(asked, "evidence").empty()) text += "      " + Text(asked, "evidence") + "\n";
  }
  return text;
}

std::string ModelReportHtml(const ordered_json& report) {
  std::string html = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                     EscapedHtml(Text(report, "title")) + "</title>\n<style>" +
                     std::string(kStyle) + "</style></head><body>\n<h1>" +
                     EscapedHtml(Text(report, "title")) +
                     "</h1>\n<p>Items of TRIPOD+AI (BMJ 2024;385:e078378).</p>\n";
  std::string section;
  for (const ordered_json& item : report["items"]) {
    if (Text(item, "section") != section) {
      if (!section.empty()) html += "</dl>\n";
      section = Text(item, "section");
      html += "<h2>" + EscapedHtml(section) + "</h2>\n<dl>\n";
    }
    // One arm or input a line.
    std::string shown = EscapedHtml(Text(item, "text"));
    for (std::size_t at = shown.find("; "); at != shown.npos; at = shown.find("; ", at)) {
      shown.replace(at, 2, "<br>");
    }
    html += "<dt><span>" + EscapedHtml(Text(item, "item")) + "</span> " +
            EscapedHtml(Text(item, "heading")) + "</dt><dd>" + shown + "</dd>\n";
  }
  html += "</dl>\n<h2>Not reported</h2>\n<ul>\n";
  for (const ordered_json& item : report["not_reported"]) {
    html += "<li>" + EscapedHtml(item.get<std::string>()) + "</li>\n";
  }
  html +=
      "</ul>\n<h2>Risk of bias</h2>\n<p>The domains of PROBAST+AI (BMJ 2025;388:e082505), asked in "
      "our words; what a run cannot know is left to a person.</p>\n<dl class=\"asked\">\n";
  for (const ordered_json& asked : report["risk_of_bias"]) {
    html += "<dt>" + EscapedHtml(Text(asked, "question")) + "</dt><dd>" +
            EscapedHtml(Text(asked, "answer")) +
            (Text(asked, "evidence").empty() ? "" : "<br>" + EscapedHtml(Text(asked, "evidence"))) +
            "</dd>\n";
  }
  return html + "</dl>\n</body></html>\n";
}

}  // namespace clinnova::decision
