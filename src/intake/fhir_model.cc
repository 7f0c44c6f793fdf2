// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_model.h"

#include <algorithm>
#include <bit>

#include "core/check.h"
#include "vocabulary/tab_separated.h"

namespace clinnova::embedded {
extern const std::string_view fhir_r4;
}  // namespace clinnova::embedded

namespace clinnova::intake {
namespace {

/// Calls `use(part)` for the parts of `text` between `separator`s.
template <typename Use>
void ForEachPart(std::string_view text, char separator, Use use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

std::string ChoiceMember(std::string_view element, std::string_view type) {
  std::string name(element);
  name += type;
  char& first = name[element.size()];
  if (first >= 'a' && first <= 'z') first = static_cast<char>(first - 'a' + 'A');
  return name;
}

void FhirType::Fill(const std::vector<Slot>& members) {
  slots_.resize(std::bit_ceil(2 * members.size() + 1));
  for (const Slot& member : members) {
    Slot& slot = slots_[Look(member.name)];
    if (!slot.member.element) slot = member;  // its own go before the inherited
  }
}

FhirMember FhirType::Member(const JsonName& key) const {
  const FhirMember& member = slots_[Look(key)].member;
  return member.type ? member : FhirMember{};
}

FhirModel::FhirModel() {
  vocabulary::ForEachRow(embedded::fhir_r4, [this](const auto& fields) {
    CLINNOVA_CHECK(fields.size() == 3);
    types_[fields[0]].path_ = fields[0];
  });
  slots_.resize(std::bit_ceil(4 * types_.size()));
  for (const auto& [path, type] : types_) slots_[Look(path)] = &type;
  resource_ = Path("Resource");
  quantity_ = Path("Quantity");
  vocabulary::ForEachRow(embedded::fhir_r4, [this](const auto& fields) {
    FhirType& type = types_.at(fields[0]);
    type.parent_ = Path(fields[1]);
    ForEachPart(fields[2], ' ', [&](std::string_view part) {
      const std::size_t equals = part.find('=');
      FhirElement& element = type.elements_.emplace_back();
      element.name = part.substr(0, equals);
      ForEachPart(part.substr(equals + 1), '|',
                  [&](std::string_view name) { element.types.push_back(&types_.at(name)); });
    });
  });
  for (auto& [path, type] : types_) {
    using Text = FhirType::Text;
    if (path == "date") type.text_ = Text::kDate;
    if (path == "dateTime" || path == "instant") type.text_ = Text::kDateTime;
    if (path == "time") type.text_ = Text::kTime;
    type.is_decimal_ = path == "decimal";
    type.is_any_resource_ = path == "Resource" || path == "DomainResource";
    std::vector<FhirType::Slot> members;
    for (const FhirType* owner = &type; owner; owner = owner->parent_) {
      for (const FhirElement& element : owner->elements_) AppendMembers(element, members);
    }
    type.Fill(members);
  }
}

void FhirModel::AppendMembers(const FhirElement& element, std::vector<FhirType::Slot>& members) {
  const bool choice = element.types.size() > 1;
  members.push_back({JsonName(element.name), {&element, choice ? nullptr : element.types.front()}});
  if (!choice) return;
  for (const FhirType* type : element.types) {
    const std::string_view name =
        names_.Copy(std::string_view(ChoiceMember(element.name, type->path())));
    members.push_back({JsonName(name), {&element, type}});
  }
}

const FhirModel& FhirModel::R4() {
  static const FhirModel model;
  return model;
}

std::size_t FhirModel::Look(std::string_view path) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = JsonName(path).hash() & mask;
  while (slots_[at] && slots_[at]->path() != path) at = (at + 1) & mask;
  return at;
}

const FhirType* FhirModel::Path(std::string_view path) const { return slots_[Look(path)]; }

const FhirType* FhirModel::Type(std::string_view name) const {
  const FhirType* type = Path(name);
  return type && !type->IsPath() ? type : nullptr;
}

}  // namespace clinnova::intake
