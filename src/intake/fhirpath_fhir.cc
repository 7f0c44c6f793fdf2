// SPDX-License-Identifier: Apache-2.0
// FHIR's own functions (http://hl7.org/fhir/R4/fhirpath.html#functions) and the two of SQL on FHIR
// (https://sql-on-fhir.org, getResourceKey and getReferenceKey).
#include <algorithm>

#include "intake/fhir_reference.h"
#include "intake/fhirpath_functions.h"
#include "intake/narrative.h"

namespace clinnova::intake::fhirpath {
namespace {

std::string_view TextMember(const Item& item, std::string_view name) {
  return item.node.json ? item.node.json->Text(name) : std::string_view();
}

Result<Items> Extension(const Call& call) {
  CLINNOVA_ASSIGN(const auto url, StringArgument(call, 0));
  if (!url) return Items();
  static const MemberName kExtension("_extension");
  ItemList out(call.memory());
  for (const Item& item : call.input) {
    ItemList extensions(call.memory());
    call.evaluator.AppendMembers(item, kExtension, extensions);
    for (const Item& extension : extensions.items()) {
      if (TextMember(extension, "url") == *url) out.push_back(extension);
    }
  }
  return out.Done();
}

/// A primitive's value; a quantity and a type of the language are none.
bool IsPrimitiveValue(const Item& item) {
  return item.HasValue() && !item.As<Quantity>() && !item.As<TypeInfo>();
}

Result<Items> HasValue(const Call& call) {
  return call.One(call.input.size() == 1 && IsPrimitiveValue(call.input.front()));
}

Result<Items> GetValue(const Call& call) {
  if (call.input.size() != 1 || !IsPrimitiveValue(call.input.front())) return Items();
  return call.One(ValueOf(call.memory(), call.input.front()));
}

bool IsResource(const JsonTree& resource, std::string_view type_and_id) {
  return type_and_id ==
         std::string(resource.Text("resourceType")) + "/" + std::string(resource.Text("id"));
}

const JsonTree* InContained(const JsonTree* container, std::string_view id) {
  if (!container) return nullptr;
  if (id.empty()) return container;
  const JsonTree* contained = container->Find("contained");
  if (!contained) return nullptr;
  for (const JsonTree& resource : contained->items()) {
    if (resource.Text("id") == id) return &resource;
  }
  return nullptr;
}

/// The resource that `reference` means: contained, the root itself, or an entry of the root, a Bundle.
const JsonTree* Resolve(Items root, const Item& item, std::string_view reference) {
  if (reference.starts_with('#')) return InContained(item.node.resource, reference.substr(1));
  const std::string_view wanted = TypeAndIdAtTheEnd(reference);
  for (const Item& top : root) {
    if (!top.node.json) continue;
    if (IsResource(*top.node.json, wanted)) return top.node.json;
    const JsonTree* entries = top.node.json->Find("entry");
    if (!entries) continue;
    for (const JsonTree& entry : entries->items()) {
      const JsonTree* resource = entry.Find("resource");
      if (resource && (entry.Text("fullUrl") == reference || IsResource(*resource, wanted))) {
        return resource;
      }
    }
  }
  return nullptr;
}

Result<Items> ResolveReferences(const Call& call) {
  ItemList out(call.memory());
  for (const Item& item : call.input) {
    const auto text = StringOf(item);
    const std::string_view reference = text ? *text : TextMember(item, "reference");
    if (reference.empty()) continue;
    const JsonTree* resource = Resolve(call.evaluator.root(), item, reference);
    if (!resource) continue;
    const JsonTree* container = reference.starts_with('#') ? item.node.resource : nullptr;
    out.push_back(NodeItem(
        call.model(), {.json = resource, .type = call.model().resource(), .resource = container}));
  }
  return out.Done();
}

Result<Items> ConformsTo(const Call& call) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  CLINNOVA_ASSIGN(const auto url, StringArgument(call, 0));
  if (!item || !url) return Items();
  constexpr std::string_view kBase = "http://hl7.org/fhir/StructureDefinition/";
  const FhirType* type =
      url->starts_with(kBase) ? call.model().Type(url->substr(kBase.size())) : nullptr;
  if (!type) {
    return WrongCall(call, *url,
                     "the canonical URL of a type of FHIR R4; other profiles need a server");
  }
  return call.One(item->node.type && item->node.type->IsKindOf(type));
}

/// Items whose modifier extensions are not among those named are an error.
Result<Items> CheckModifiers(const Call& call) {
  static const MemberName kModifierExtension("_modifierExtension");
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < call.size(); ++i) {
    CLINNOVA_ASSIGN(const auto url, StringArgument(call, i));
    if (url) known.push_back(*url);
  }
  for (const Item& item : call.input) {
    ItemList modifiers(call.memory());
    call.evaluator.AppendMembers(item, kModifierExtension, modifiers);
    for (const Item& modifier : modifiers.items()) {
      const std::string_view url = TextMember(modifier, "url");
      if (std::find(known.begin(), known.end(), url) == known.end()) {
        return WrongCall(call, "the modifier extension " + std::string(url), "one that is named");
      }
    }
  }
  return call.input;
}

Result<Items> NeedsTerminology(const Call& call) {
  if (call.input.empty()) return Items();
  return WrongCall(call, "no terminology server", "one: the function needs it");
}

/// The Codings of a Coding or CodeableConcept; nothing for another item.
std::optional<std::vector<const JsonTree*>> CodingsOf(const Item& item) {
  const std::string_view type = item.node.type ? item.node.type->path() : std::string_view();
  if (!item.node.json || (type != "Coding" && type != "CodeableConcept")) return std::nullopt;
  if (type == "Coding") return std::vector<const JsonTree*>{item.node.json};
  std::vector<const JsonTree*> codings;
  const JsonTree* several = item.node.json->Find("coding");
  for (const JsonTree& coding : several ? several->items() : std::span<const JsonTree>()) {
    codings.push_back(&coding);
  }
  return codings;
}

/// subsumes() and subsumedBy(): a code subsumes itself; whether it does another one only a server can tell.
Result<Items> Subsumes(const Call& call) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  CLINNOVA_ASSIGN(const Items argument, call.Argument(0));
  if (!item || argument.empty()) return Items();
  const auto codings = CodingsOf(*item);
  const auto others = argument.size() == 1 ? CodingsOf(argument.front()) : std::nullopt;
  if (!codings || !others) return WrongCall(call, "another value", "a Coding or CodeableConcept");
  for (const JsonTree* coding : *codings) {
    for (const JsonTree* other : *others) {
      if (coding->Text("system") == other->Text("system") &&
          coding->Text("code") == other->Text("code")) {
        return call.One(true);
      }
    }
  }
  return NeedsTerminology(call);
}

Result<Items> NeedsProfiles(const Call& call) {
  if (call.input.empty()) return Items();
  return WrongCall(call, "no profiles",
                   "them: the function needs a validator's structure definitions");
}

/// Of a narrative's XHTML; nothing for another element.
Result<Items> HtmlChecks(const Call& call) {
  if (call.input.size() != 1) return Items();
  const Item& item = call.input.front();
  const auto text = StringOf(item);
  if (!text || !item.node.type || item.node.type->path() != "xhtml") return Items();
  return call.One(KeepsNarrativeRules(*text));
}

Result<Items> GetResourceKey(const Call& call) {
  ItemList keys(call.memory());
  for (const Item& item : call.input) {
    const std::string_view type = TextMember(item, "resourceType");
    const std::string_view id = TextMember(item, "id");
    if (!type.empty() && !id.empty()) {
      keys.push_back(ItemOf(call.memory(), std::string(type).append("/").append(id)));
    }
  }
  return keys.Done();
}

/// The key of the resource referred to, when it is of the type asked for.
Result<Items> GetReferenceKey(const Call& call) {
  std::string wanted;
  if (call.size() > 0) {
    CLINNOVA_ASSIGN(const TypeName* type, NamedType(call));
    wanted = type->name + "/";
  }
  ItemList keys(call.memory());
  for (const Item& item : call.input) {
    const std::string_view reference = TextMember(item, "reference");
    const std::string_view key = TypeAndIdAtTheEnd(reference);
    const bool local = reference.starts_with('#') || reference.starts_with("urn:");
    if (key.empty() || local || !key.starts_with(wanted)) continue;
    keys.push_back(ItemOf(call.memory(), key));
  }
  return keys.Done();
}

}  // namespace

std::span<const FunctionEntry> FhirFunctions() {
  static constexpr FunctionEntry kFunctions[] = {{"extension", 1, 1, Extension},
                                                 {"hasValue", 0, 0, HasValue},
                                                 {"getValue", 0, 0, GetValue},
                                                 {"resolve", 0, 0, ResolveReferences},
                                                 {"conformsTo", 1, 1, ConformsTo},
                                                 {"checkModifiers", 0, 64, CheckModifiers},
                                                 {"memberOf", 1, 2, NeedsTerminology},
                                                 {"subsumes", 1, 1, Subsumes},
                                                 {"subsumedBy", 1, 1, Subsumes},
                                                 {"elementDefinition", 0, 0, NeedsProfiles},
                                                 {"slice", 2, 2, NeedsProfiles},
                                                 {"htmlChecks", 0, 0, HtmlChecks},
                                                 {"getResourceKey", 0, 0, GetResourceKey},
                                                 {"getReferenceKey", 0, 1, GetReferenceKey}};
  return kFunctions;
}

}  // namespace clinnova::intake::fhirpath
