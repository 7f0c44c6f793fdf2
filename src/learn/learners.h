// SPDX-License-Identifier: Apache-2.0
// The methods of this room: what learns a model, beside the statistics of stats/. The registry in stats/method.h
// does not know them by itself, since a room includes none above it: whoever makes a program adds them at its start.
//
//   int main(int argc, char** argv) {
//     learn::RegisterLearners();               // before anything asks for a method
//     …
//
// Adding a learner: one header and source that define a stats::Method, its test, and one line in learners.cc. A test
// outside this room that wants learners says so before its main begins:
//
//   const bool kWithLearners = (learn::RegisterLearners(), true);
#pragma once

#include <vector>

#include "stats/method.h"

namespace clinnova::learn {

/// The methods of this room.
std::vector<stats::Method> Learners();

/// Adds them to stats::Methods(); once per program, before the first use of that.
void RegisterLearners();

}  // namespace clinnova::learn
