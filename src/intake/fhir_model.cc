// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_model.h"

#include <algorithm>
#include <array>

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

FhirModel::FhirModel() {
  vocabulary::ForEachRow(embedded::fhir_r4, [this](const auto& fields) {
    CLINNOVA_CHECK(fields.size() == 3);
    Entry& entry = entries_[fields[0]];
    entry.parent = fields[1];
    ForEachPart(fields[2], ' ', [&](std::string_view part) {
      const std::size_t equals = part.find('=');
      FhirElement element{.name = part.substr(0, equals), .types = {}};
      ForEachPart(part.substr(equals + 1), '|',
                  [&](std::string_view type) { element.types.push_back(type); });
      entry.elements.emplace(element.name, std::move(element));
    });
    for (const auto& [name, element] : entry.elements) {
      if (element.types.size() < 2) continue;
      for (const std::string_view type : element.types) {
        entry.members.emplace(ChoiceMember(name, type), FhirMember{&element, type});
      }
    }
  });
}

const FhirModel& FhirModel::R4() {
  static const FhirModel model;
  return model;
}

const FhirModel::Entry* FhirModel::Look(std::string_view path) const {
  const auto found = entries_.find(path);
  return found == entries_.end() ? nullptr : &found->second;
}

namespace {

/// Where a lookup of `name` in `path` is remembered.
std::size_t SlotOf(std::string_view path, std::string_view name) {
  const auto mixed = [](std::string_view text) {
    if (text.empty()) return std::size_t{0};
    const auto byte = [text](std::size_t i) {
      return static_cast<std::size_t>(static_cast<unsigned char>(text[i]));
    };
    return text.size() + 7 * byte(0) + 31 * byte(text.size() / 2) + 127 * byte(text.size() - 1);
  };
  return mixed(path) + 61 * mixed(name);
}

}  // namespace

const FhirElement* FhirModel::Find(std::string_view path, std::string_view name) const {
  // An expression asks for the same few elements again and again.
  struct Remembered {
    std::string_view path;
    const FhirElement* element = nullptr;
  };
  constexpr std::size_t kRemembered = 1024;
  thread_local std::array<Remembered, kRemembered> remembered;
  Remembered& slot = remembered[SlotOf(path, name) % kRemembered];
  if (slot.element && slot.path == path && slot.element->name == name) return slot.element;
  const FhirElement* element = Search(path, name);
  if (element) slot = {entries_.find(path)->first, element};
  return element;
}

const FhirElement* FhirModel::Search(std::string_view path, std::string_view name) const {
  for (const Entry* entry = Look(path); entry; entry = Look(entry->parent)) {
    const auto found = entry->elements.find(name);
    if (found != entry->elements.end()) return &found->second;
  }
  return nullptr;
}

FhirMember FhirModel::Member(std::string_view path, std::string_view key) const {
  for (const Entry* entry = Look(path); entry; entry = Look(entry->parent)) {
    const auto plain = entry->elements.find(key);
    if (plain != entry->elements.end() && plain->second.types.size() == 1) {
      return {&plain->second, plain->second.types.front()};
    }
    const auto choice = entry->members.find(key);
    if (choice != entry->members.end()) return choice->second;
  }
  return {};
}

std::string_view FhirModel::Type(std::string_view name) const {
  // Resources come in runs of one type.
  thread_local std::string_view last;
  if (name == last) return last;
  if (name.find('.') != name.npos) return {};
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  return last = found->first;
}

std::string_view FhirModel::Parent(std::string_view path) const {
  const Entry* entry = Look(path);
  return entry ? entry->parent : std::string_view();
}

std::string_view FhirModel::TypeName(std::string_view path) const {
  return path.find('.') == path.npos ? path : Parent(path);
}

bool FhirModel::IsKindOf(std::string_view path, std::string_view type) const {
  for (; !path.empty(); path = Parent(path)) {
    if (path == type) return true;
  }
  return false;
}

bool FhirModel::IsPrimitive(std::string_view type) const {
  return !type.empty() && type.front() >= 'a' && type.front() <= 'z' && IsType(type);
}

}  // namespace clinnova::intake
