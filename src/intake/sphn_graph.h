// SPDX-License-Identifier: Apache-2.0
// A Swiss SPHN file (RDF in Turtle) as nodes and what they say of each other; the one place that
// touches serd.
//
//   CLINNOVA_ASSIGN(SphnGraph graph, SphnGraph::Load(path, name));
//   for (const SphnNode* event : graph.OfClass("LabTestEvent"))
//     graph.Texts(*event, "hasLabTest/hasCode:code");        // {"1988-5"}
//
// A path's steps are the local names of predicates. What stands at its end, by the path's ending:
//   (none)        a literal as it is written ("--07" of a month is 07), of a node its IRI
//   :code         the code of a terminology's IRI, or of a node that is of it; of a Code node its hasIdentifier
//   :system       "LOINC", "SNOMED", "ICD-10-GM", "CHOP", "ATC", "UCUM", "GTIN", …
//   :name         what a Code node's hasName says
//   :unit         a unit's code in UCUM: "mgperdL" of the IRI is mg/dL
//   :comparator   "<" of sphn-individual:LessThan
// The path "@id" is the node's IRI; a blank node has none.
//
// Memory: one file's graph; SPHN writes a file per patient. Source: SPHN RDF Schema 2023 to 2025,
// and its rules for IRIs of terminologies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::intake {

/// What a node says: the predicate's local name, and a literal or another node's IRI.
struct SphnStatement {
  std::string predicate;
  std::string object;
  bool is_node = false;
};

struct SphnNode {
  std::string iri;
  std::uint64_t line = 0;            ///< on which the file first speaks of it
  std::vector<std::string> classes;  ///< full IRIs
  std::vector<SphnStatement> statements;
  bool is_object = false;  ///< another node refers to it
};

class SphnGraph {
 public:
  /// kInvalidInput naming file and line where it is no Turtle, or ends too early; kFailed when it
  /// cannot be read.
  static Result<SphnGraph> Load(const std::filesystem::path& path, const std::string& name);

  /// The nodes of an SPHN class ("LabTestEvent"), in the order of the file.
  std::vector<const SphnNode*> OfClass(std::string_view local_name) const;
  /// What stands at the end of a path that begins at `node`, each once.
  std::vector<std::string> Texts(const SphnNode& node, std::string_view path) const;

  const std::vector<SphnNode>& nodes() const { return nodes_; }
  /// The local name of a class of SPHN's own, or empty.
  static std::string_view SphnClass(std::string_view iri);

 private:
  friend class SphnLoader;
  const SphnNode* Find(const std::string& iri) const;
  std::string TextAt(const SphnStatement& statement, std::string_view ending) const;

  std::vector<SphnNode> nodes_;
  std::map<std::string, std::size_t, std::less<>> positions_;
};

/// A unit's code in SPHN's IRI as UCUM writes it: "10exp9perL" is 10*9/L (SPHN's rules for UCUM's
/// IRIs).
std::string DecodeUcumIri(std::string_view encoded);

}  // namespace clinnova::intake
