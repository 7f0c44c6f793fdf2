// SPDX-License-Identifier: Apache-2.0
#include "intake/sphn_graph.h"

#include <serd/serd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>

namespace clinnova::intake {
namespace {

constexpr std::string_view kType = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";

/// Where the IRIs of terminologies begin.
struct Terminology {
  std::string_view prefix, system;
};
constexpr std::array<Terminology, 13> kTerminologies{{
    {"https://loinc.org/rdf/", "LOINC"},
    {"https://loinc.org/rdf#", "LOINC"},
    {"http://loinc.org/rdf/", "LOINC"},
    {"http://snomed.info/id/", "SNOMED"},
    {"https://biomedit.ch/rdf/sphn-resource/icd-10-gm/", "ICD-10-GM"},
    {"https://biomedit.ch/rdf/sphn-resource/chop/", "CHOP"},
    {"https://biomedit.ch/rdf/sphn-resource/atc/", "ATC"},
    {"https://www.whocc.no/atc_ddd_index/?code=", "ATC"},
    {"https://biomedit.ch/rdf/sphn-resource/ucum/", "UCUM"},
    {"https://biomedit.ch/rdf/sphn-resource/gtin/", "GTIN"},
    {"https://biomedit.ch/rdf/sphn-resource/edqm/", "EDQM"},
    {"http://www.orpha.net/ORDO/Orphanet_", "ORPHA"},
    {"http://purl.obolibrary.org/obo/", "OBO"},
}};

/// SPHN's words for the characters of UCUM that an IRI cannot hold.
struct UcumWord {
  std::string_view word;
  char character;
};
constexpr std::array<UcumWord, 11> kUcumWords{{{"per", '/'},
                                               {"dot", '.'},
                                               {"exp", '*'},
                                               {"rbl", '('},
                                               {"rbr", ')'},
                                               {"cbl", '{'},
                                               {"cbr", '}'},
                                               {"sbl", '['},
                                               {"sbr", ']'},
                                               {"apo", '\''},
                                               {"nb", '#'}}};

struct Comparator {
  std::string_view individual, sign;
};
constexpr std::array<Comparator, 4> kComparators{{{"LessThan", "<"},
                                                  {"LessThanOrEqual", "<="},
                                                  {"GreaterThan", ">"},
                                                  {"GreaterThanOrEqual", ">="}}};

std::string_view LocalName(std::string_view iri) {
  const std::size_t cut = iri.find_last_of("#/");
  return cut == std::string_view::npos ? iri : iri.substr(cut + 1);
}

/// A code in a terminology's IRI; the version that may stand before it ("2023/3/K50.80") is left
/// out.
bool ReadTerminology(std::string_view iri, std::string& system, std::string& code) {
  for (const Terminology& terminology : kTerminologies) {
    if (!iri.starts_with(terminology.prefix)) continue;
    system = terminology.system;
    code = iri.substr(iri.starts_with("https://www.whocc")
                          ? terminology.prefix.size()
                          : std::max(terminology.prefix.size(), iri.find_last_of('/') + 1));
    return !code.empty();
  }
  return false;
}

std::string Text(const SerdNode& node) {
  return std::string(reinterpret_cast<const char*>(node.buf), node.n_bytes);
}

struct FreeEnvironment {
  void operator()(SerdEnv* environment) const { serd_env_free(environment); }
};
struct FreeReader {
  void operator()(SerdReader* reader) const { serd_reader_free(reader); }
};
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

/// Takes what serd reads.
class SphnLoader {
 public:
  explicit SphnLoader(SphnGraph& graph) : graph_(graph), environment_(serd_env_new(nullptr)) {}

  Result<void> Load(const std::filesystem::path& path, const std::string& name) {
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
    if (!file) return Fail(ErrorCode::kFailed, name + ": " + std::strerror(errno));
    const std::unique_ptr<SerdReader, FreeReader> reader(
        serd_reader_new(SERD_TURTLE, this, nullptr, &OnBase, &OnPrefix, &OnStatement, nullptr));
    serd_reader_set_strict(reader.get(), true);
    serd_reader_set_error_sink(reader.get(), &OnError, this);
    file_ = file.get();
    // One byte at a time, so that the line of each statement is known.
    const SerdStatus status =
        serd_reader_read_source(reader.get(), &OnRead, &OnReadError, this, nullptr, 1);
    if (std::ferror(file.get()) != 0) return Fail(ErrorCode::kFailed, name + ": cannot be read");
    if (status == SERD_SUCCESS && message_.empty()) return {};
    return Fail(
        ErrorCode::kInvalidInput,
        name + ":" + std::to_string(message_.empty() ? line_ : error_line_) +
            ": not Turtle, or ends too early: " +
            (message_.empty() ? reinterpret_cast<const char*>(serd_strerror(status)) : message_) +
            ": nothing was loaded",
        "truncated");
  }

 private:
  static SphnLoader& Self(void* handle) { return *static_cast<SphnLoader*>(handle); }

  static std::size_t OnRead(void* buffer, std::size_t, std::size_t, void* handle) {
    SphnLoader& self = Self(handle);
    const int byte = std::getc(self.file_);
    if (byte < 0) return 0;
    if (byte == '\n') ++self.line_;
    *static_cast<char*>(buffer) = static_cast<char>(byte);
    return 1;
  }
  static int OnReadError(void* handle) { return std::ferror(Self(handle).file_); }

  static SerdStatus OnBase(void* handle, const SerdNode* uri) {
    return serd_env_set_base_uri(Self(handle).environment_.get(), uri);
  }
  static SerdStatus OnPrefix(void* handle, const SerdNode* name, const SerdNode* uri) {
    return serd_env_set_prefix(Self(handle).environment_.get(), name, uri);
  }
  static SerdStatus OnError(void* handle, const SerdError* error) {
    SphnLoader& self = Self(handle);
    if (!self.message_.empty()) return SERD_SUCCESS;
    char text[256];
    std::vsnprintf(text, sizeof text, error->fmt, *error->args);
    self.message_ = text;
    while (!self.message_.empty() && self.message_.back() == '\n') self.message_.pop_back();
    self.error_line_ = self.line_;
    return SERD_SUCCESS;
  }

  static SerdStatus OnStatement(void* handle, SerdStatementFlags, const SerdNode*,
                                const SerdNode* subject, const SerdNode* predicate,
                                const SerdNode* object, const SerdNode* datatype, const SerdNode*) {
    SphnLoader& self = Self(handle);
    std::string subject_iri, predicate_iri, value;
    if (!self.Expand(*subject, subject_iri) || !self.Expand(*predicate, predicate_iri)) {
      return SERD_ERR_BAD_CURIE;
    }
    SphnNode& node = self.graph_.nodes_[self.Position(subject_iri)];
    if (object->type == SERD_LITERAL) {
      value = self.Literal(*object, datatype);
    } else if (!self.Expand(*object, value)) {
      return SERD_ERR_BAD_CURIE;
    }
    if (predicate_iri == kType) {
      node.classes.push_back(std::move(value));
    } else {
      node.statements.push_back(
          {std::string(LocalName(predicate_iri)), std::move(value), object->type != SERD_LITERAL});
    }
    return SERD_SUCCESS;
  }

  bool Expand(const SerdNode& node, std::string& iri) const {
    if (node.type == SERD_BLANK) {
      iri = "_:" + Text(node);
      return true;
    }
    SerdNode expanded = serd_env_expand_node(environment_.get(), &node);
    iri = expanded.buf == nullptr ? (node.type == SERD_URI ? Text(node) : "") : Text(expanded);
    serd_node_free(&expanded);
    return !iri.empty();
  }

  /// A month or day of XML Schema has marks before its digits.
  std::string Literal(const SerdNode& object, const SerdNode* datatype) const {
    std::string text = Text(object), type;
    if (datatype == nullptr || datatype->buf == nullptr || !Expand(*datatype, type)) return text;
    const std::string_view local = LocalName(type);
    if (local == "gMonth" || local == "gDay") text.erase(0, text.find_first_not_of('-'));
    return text;
  }

  std::size_t Position(const std::string& iri) {
    const auto [found, is_new] = graph_.positions_.emplace(iri, graph_.nodes_.size());
    if (is_new) graph_.nodes_.push_back({iri, line_, {}, {}, false});
    return found->second;
  }

  SphnGraph& graph_;  // not owned, outlives this
  std::unique_ptr<SerdEnv, FreeEnvironment> environment_;
  std::FILE* file_ = nullptr;  // not owned, while Load runs
  std::string message_;        // of the first error
  std::uint64_t line_ = 1;
  std::uint64_t error_line_ = 1;
};

Result<SphnGraph> SphnGraph::Load(const std::filesystem::path& path, const std::string& name) {
  SphnGraph graph;
  CLINNOVA_TRY(SphnLoader(graph).Load(path, name));
  for (std::size_t n = 0; n < graph.nodes_.size(); ++n) {
    for (const SphnStatement& statement : graph.nodes_[n].statements) {
      if (!statement.is_node) continue;
      const auto found = graph.positions_.find(statement.object);
      if (found != graph.positions_.end() && found->second != n)
        graph.nodes_[found->second].is_object = true;
    }
  }
  return graph;
}

std::string_view SphnGraph::SphnClass(std::string_view iri) {
  const bool own = iri.find("/sphn-schema/") != std::string_view::npos ||
                   iri.find("/sphn-ontology/") != std::string_view::npos;
  return own ? LocalName(iri) : std::string_view();
}

std::vector<const SphnNode*> SphnGraph::OfClass(std::string_view local_name) const {
  std::vector<const SphnNode*> found;
  for (const SphnNode& node : nodes_) {
    const bool is = std::ranges::any_of(
        node.classes, [&](const std::string& iri) { return SphnClass(iri) == local_name; });
    if (is) found.push_back(&node);
  }
  return found;
}

const SphnNode* SphnGraph::Find(const std::string& iri) const {
  const auto found = positions_.find(iri);
  return found == positions_.end() ? nullptr : &nodes_[found->second];
}

std::string SphnGraph::TextAt(const SphnStatement& statement, std::string_view ending) const {
  if (ending.empty()) return statement.object;
  if (!statement.is_node)
    return ending == "code" || ending == "unit" ? statement.object : std::string();
  if (ending == "comparator") {
    const auto* found =
        std::ranges::find(kComparators, LocalName(statement.object), &Comparator::individual);
    return found == kComparators.end() ? std::string() : std::string(found->sign);
  }
  std::string system, code, name;
  const SphnNode* node = Find(statement.object);
  bool known = ReadTerminology(statement.object, system, code);
  if (node != nullptr) {
    for (const std::string& type : node->classes)
      known = known || ReadTerminology(type, system, code);
    for (const SphnStatement& said : node->statements) {
      if (said.is_node) continue;
      if (!known && said.predicate == "hasIdentifier") code = said.object;
      // "ICD-10-GM-2023": the version behind the system's name is its year.
      if (!known && said.predicate == "hasCodingSystemAndVersion")
        system = said.object.substr(0, said.object.rfind('-'));
      if (said.predicate == "hasName" || said.predicate == "label") name = said.object;
    }
  }
  if (ending == "code") return code;
  if (ending == "system") return system;
  if (ending == "name") return name;
  return system == "UCUM" && ending == "unit" ? DecodeUcumIri(code) : code;
}

std::vector<std::string> SphnGraph::Texts(const SphnNode& node, std::string_view path) const {
  std::vector<std::string> texts;
  // A blank node has no identity beyond its file.
  if (path == "@id") return node.iri.starts_with("_:") ? texts : std::vector<std::string>{node.iri};
  const std::size_t slash = path.find('/');
  std::string_view step = path.substr(0, slash);
  const std::size_t colon =
      slash == std::string_view::npos ? step.find(':') : std::string_view::npos;
  const std::string_view ending = colon == std::string_view::npos ? "" : step.substr(colon + 1);
  step = step.substr(0, colon);
  for (const SphnStatement& statement : node.statements) {
    if (statement.predicate != step) continue;
    std::vector<std::string> found;
    if (slash == std::string_view::npos) {
      found.push_back(TextAt(statement, ending));
    } else if (const SphnNode* next = statement.is_node ? Find(statement.object) : nullptr) {
      found = Texts(*next, path.substr(slash + 1));
    }
    for (std::string& text : found) {
      const bool is_new = std::ranges::find(texts, text) == texts.end();
      if (!text.empty() && is_new) texts.push_back(std::move(text));
    }
  }
  return texts;
}

std::string DecodeUcumIri(std::string_view encoded) {
  std::string unit;
  while (!encoded.empty()) {
    const auto* word = std::ranges::find_if(
        kUcumWords, [&](const UcumWord& w) { return encoded.starts_with(w.word); });
    if (word != kUcumWords.end()) {
      unit += word->character;
      encoded.remove_prefix(word->word.size());
    } else {
      unit += encoded.front();
      encoded.remove_prefix(1);
    }
  }
  return unit;
}

}  // namespace clinnova::intake
