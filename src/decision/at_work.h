// SPDX-License-Identifier: Apache-2.0
// How many questions are being worked on at this moment. Who could answer several together sees in it whether others
// will be there soon: a question that is still being read is about to ask, one whose answer is being written is about
// to leave the processor to those that wait.
//
//   const AtWork::Shift shift(at_work);   // for as long as a question is worked on
//   at_work.Rest();                       // it only waits from now on
//   at_work.Resume();
//
// Thread rule: any thread.
#pragma once

#include <atomic>

namespace clinnova::decision {

class AtWork {
 public:
  class Shift {
   public:
    explicit Shift(AtWork& at_work) : at_work_(at_work) { at_work_.Resume(); }
    ~Shift() { at_work_.Rest(); }
    Shift(const Shift&) = delete;
    Shift& operator=(const Shift&) = delete;

   private:
    AtWork& at_work_;  // not owned, outlives this
  };

  void Rest() { --count_; }
  void Resume() { ++count_; }
  bool Any() const { return count_ > 0; }

 private:
  std::atomic<int> count_ = 0;
};

}  // namespace clinnova::decision
