// SPDX-License-Identifier: Apache-2.0
// The one registry of methods: command line, study files, sites and web know a method through its entry.
// Adding a method: one header and source that define a Method, its test, and one line in methods.cc. Methods of rooms
// above this one (learn/) are added by the program before anything asks for them.
//
//   const Method* method = FindMethod("glm");
//   CLINNOVA_ASSIGN(nlohmann::ordered_json fields, method->run(federation, analysis));
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "federation/federation.h"
#include "federation/study.h"

namespace clinnova::stats {

struct Method {
  std::string_view name;
  std::string_view summary;                    ///< one line for people
  std::span<const std::string_view> options;   ///< keys that an analysis of this method may have
  std::vector<const federation::Step*> steps;  ///< all that a site may be asked to run
  Result<nlohmann::ordered_json> (*run)(federation::Federation&, const federation::Analysis&);
};

/// Adds methods of a room above. Called by main, or by a test before it runs, ahead of the first use of Methods():
/// later, or with a name that is there already, is a bug (CLINNOVA_CHECK). Thread rule: one thread, at start.
void RegisterMethods(std::vector<Method> methods);

/// All methods, sorted by name. Thread rule: immutable, made at first use.
const std::vector<Method>& Methods();
/// The method called `name`, or null.
const Method* FindMethod(std::string_view name);
/// Every method's steps, for sites.
const federation::StepCatalog& Steps();

/// kInvalidInput when an analysis has an unknown method (the message lists those that are there) or an
/// option that its method does not know.
Result<void> CheckAnalyses(const federation::Study& study);

/// Columns that formulas of the study use through factor(): to be declared as factors before the
/// schemas are joined, beside the study's own [[column]] entries.
Result<std::vector<table::ColumnDeclaration>> ColumnDeclarations(const federation::Study& study);

/// The columns that the study's analyses name, each once: all that a site may describe or read for it.
/// kInvalidInput for a formula that does not parse.
Result<std::vector<std::string>> ColumnsUsed(const federation::Study& study);

/// Runs one analysis and gives its object of the result file: `name`, `method`, `n`, `n_missing`,
/// `rounds`, `converged`, `warnings`, then the method's own fields.
Result<nlohmann::ordered_json> RunAnalysis(federation::Federation& federation,
                                           const federation::Analysis& analysis);

}  // namespace clinnova::stats
