#include "io/read_share.h"

#include <gtest/gtest.h>

namespace millrace::io {
namespace {

TEST(ReadShare, OneSocketMayTakeAll) {
  ReadShare share;
  EXPECT_EQ(share.of_turn(1), ReadShare::kMost);
  share.took_all();
  EXPECT_EQ(share.of_turn(2), ReadShare::kMost);
}

TEST(ReadShare, SocketsThatHadMoreToGiveShareTheNextTurn) {
  ReadShare share;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(share.of_turn(7), ReadShare::kMost);
    share.took_all();
  }
  EXPECT_EQ(share.of_turn(8), ReadShare::kMost / 4);
  // None of them took its share this time.
  EXPECT_EQ(share.of_turn(9), ReadShare::kMost);
}

TEST(ReadShare, HasALowerEnd) {
  ReadShare share;
  for (int i = 0; i < 1000; ++i) {
    share.of_turn(1);
    share.took_all();
  }
  EXPECT_EQ(share.of_turn(2), ReadShare::kLeast);
}

}  // namespace
}  // namespace millrace::io
