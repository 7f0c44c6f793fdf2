// SPDX-License-Identifier: Apache-2.0
#include "intake/ldt_record.h"

#include <algorithm>
#include <optional>

namespace clinnova::intake {
namespace {

constexpr std::string_view kSpecimen = "Obj_0037";
constexpr std::string_view kSpecimenId = "7364";
constexpr std::string_view kTest = "8410";

void AddRaw(const LdtField& field, std::string& raw) {
  if (!NamesNobody(field.id)) return;
  raw += (raw.empty() ? "" : " | ") + field.id + " " + field.text;
}

LdtProblem ProblemOf(const LdtField& field) {
  return {field.line, field.rule, field.message, field.raw};
}

// The tree of an LDT 3 record. Object 0 is the record itself.
class Tree {
 public:
  explicit Tree(const LdtRecord& record) {
    objects_.push_back({});
    for (std::size_t i = 0; i < record.fields.size(); ++i) {
      const LdtField* next = i + 1 < record.fields.size() ? &record.fields[i + 1] : nullptr;
      if (record.fields[i].id == "8000" || record.fields[i].id == "8001") continue;
      Take(record.fields[i], next);
    }
    if (open_ != 0 && problem_.rule.empty()) {
      problem_ = {record.line, "ldt.object",
                  "found object " + objects_[open_].id + " without its end (8003)", ""};
    }
  }

  LdtReport Report() const {
    LdtReport report;
    report.problem = problem_;
    for (const Leaf& leaf : leaves_) {
      // A specimen's fields reach the results that name it.
      if (ResultOf(leaf.object) != 0) continue;
      if (!leaf.field->rule.empty() && report.problem.rule.empty())
        report.problem = ProblemOf(*leaf.field);
      AddRaw(*leaf.field, report.raw);
      if (SpecimenOf(leaf.object) != 0) continue;
      report.fields.emplace_back(Path(leaf.object, 0) + leaf.field->id, leaf.field->text);
    }
    for (std::size_t o = 1; o < objects_.size(); ++o) {
      if (objects_[o].is_result) report.results.push_back(Result(o));
    }
    return report;
  }

 private:
  struct Object {
    std::string role;  ///< the identifier of the field before 8002
    std::string id;    ///< "Obj_0060"
    std::size_t parent = 0;
    std::uint64_t line = 0;
    bool is_result = false;
    std::string specimen;
  };
  struct Leaf {
    std::size_t object = 0;
    const LdtField* field = nullptr;
  };

  void Take(const LdtField& field, const LdtField* next) {
    const bool opens = field.id != "8002" && next != nullptr && next->id == "8002";
    if (opens && field.rule.empty()) {
      role_ = field.id;
      return;
    }
    if (field.id == "8002") {
      objects_.push_back(
          {role_.empty() ? field.text : role_, field.text, open_, field.line, false, ""});
      open_ = objects_.size() - 1;
      if (field.text == kSpecimen) ++specimens_;
      role_.clear();
    } else if (field.id == "8003") {
      Close(field);
    } else {
      Object& object = objects_[open_];
      object.is_result = object.is_result || field.id == kTest;
      if (field.id == kSpecimenId) object.specimen = field.text;
      leaves_.push_back({open_, &field});
    }
  }

  void Close(const LdtField& field) {
    if (objects_[open_].id == field.text) {
      open_ = objects_[open_].parent;
    } else if (problem_.rule.empty()) {
      problem_ = {field.line, "ldt.object",
                  "found the end of " + field.text + ", expected that of " +
                      (open_ == 0 ? "the record" : objects_[open_].id),
                  "8003 " + field.text};
    }
  }

  // The result around an object, itself included; 0 = none.
  std::size_t ResultOf(std::size_t object) const {
    while (object != 0 && !objects_[object].is_result) object = objects_[object].parent;
    return object;
  }

  // "8145.8147." from `object` up to, without, `top`.
  std::string Path(std::size_t object, std::size_t top) const {
    std::string path;
    for (; object != top; object = objects_[object].parent)
      path = objects_[object].role + "." + path;
    return path;
  }

  // The specimen around an object, itself included; 0 = none.
  std::size_t SpecimenOf(std::size_t object) const {
    while (object != 0 && objects_[object].id != kSpecimen) object = objects_[object].parent;
    return object;
  }

  // Whether a result was measured in a specimen; one that names none, in the only one that there
  // is.
  bool IsOf(std::size_t result, std::size_t specimen) const {
    const std::string& wanted = objects_[result].specimen;
    if (specimen == 0) return false;
    return wanted.empty() ? specimens_ == 1 : objects_[specimen].specimen == wanted;
  }

  LdtResult Result(std::size_t object) const {
    LdtResult result;
    result.line = objects_[object].line;
    for (const Leaf& leaf : leaves_) {
      if (ResultOf(leaf.object) == object) {
        if (!leaf.field->rule.empty() && result.problem.rule.empty())
          result.problem = ProblemOf(*leaf.field);
        result.fields.emplace_back(Path(leaf.object, object) + leaf.field->id, leaf.field->text);
        AddRaw(*leaf.field, result.raw);
      } else if (ResultOf(leaf.object) == 0 && IsOf(object, SpecimenOf(leaf.object))) {
        result.fields.emplace_back(Path(leaf.object, 0) + leaf.field->id, leaf.field->text);
      }
    }
    return result;
  }

  std::vector<Object> objects_;
  std::vector<Leaf> leaves_;
  std::size_t open_ = 0;
  int specimens_ = 0;
  std::string role_;
  LdtProblem problem_;
};

}  // namespace

bool NamesNobody(std::string_view id) {
  // 8405 is the practice's own information about the patient, 7420 and the like are of persons.
  return (id.starts_with('8') && id != "8405") || id.starts_with("72") || id.starts_with("73");
}

LdtReport SplitLdt2(const LdtRecord& record) {
  LdtReport report;
  for (const LdtField& field : record.fields) {
    if (field.id == kTest) report.results.push_back({field.line, {}, {}, ""});
    const bool in_result = !report.results.empty();
    LdtProblem& problem = in_result ? report.results.back().problem : report.problem;
    if (!field.rule.empty() && problem.rule.empty()) problem = ProblemOf(field);
    (in_result ? report.results.back().fields : report.fields).emplace_back(field.id, field.text);
    AddRaw(field, in_result ? report.results.back().raw : report.raw);
  }
  return report;
}

LdtReport SplitLdt3(const LdtRecord& record) { return Tree(record).Report(); }

}  // namespace clinnova::intake
