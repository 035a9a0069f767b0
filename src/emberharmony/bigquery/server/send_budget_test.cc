#include "emberharmony/bigquery/server/send_budget.h"

#include <gtest/gtest.h>

#include <vector>

namespace emberharmony::bigquery::server {
namespace {

struct Call : SendBudget::Waiter {
  int woken = 0;
  void Wake() override { ++woken; }
};

struct Party {
  std::shared_ptr<Call> call = std::make_shared<Call>();
  std::shared_ptr<SendBudget::Account> account = std::make_shared<SendBudget::Account>();
  Party() { account->waiter = call; }
};

TEST(SendBudget, EveryCallMayHaveOneResponseUnderWay) {
  const auto budget = std::make_shared<SendBudget>(100);
  Party slow;
  Party other;
  EXPECT_TRUE(budget->MayMake(slow.account));
  auto held = budget->Take(slow.account, 150);
  EXPECT_FALSE(budget->MayMake(slow.account));
  EXPECT_TRUE(budget->MayMake(other.account));
  auto own = budget->Take(other.account, 10);
  EXPECT_FALSE(budget->MayMake(other.account));
  EXPECT_EQ(budget->bytes(), 160);
  // Its own response has been sent, though the other call still holds too much.
  own.reset();
  EXPECT_EQ(other.call->woken, 1);
  EXPECT_EQ(slow.call->woken, 0);
  EXPECT_TRUE(budget->MayMake(other.account));
  held.reset();
  EXPECT_EQ(slow.call->woken, 1);
  EXPECT_EQ(budget->bytes(), 0);
}

TEST(SendBudget, TheOldestIsWokenAndPassesOnWhatItLeaves) {
  const auto budget = std::make_shared<SendBudget>(100);
  Party holder;
  std::vector<Party> parties(3);
  std::vector<std::shared_ptr<void>> held;
  for (const Party& party : parties) held.push_back(budget->Take(party.account, 1));
  auto much = budget->Take(holder.account, 100);
  for (const Party& party : parties) EXPECT_FALSE(budget->MayMake(party.account));
  parties[0].call.reset();  // has ended without a word
  budget->Leave(parties[2].account);
  much.reset();
  EXPECT_EQ(parties[1].call->woken, 1);
  EXPECT_EQ(parties[2].call->woken, 0);
  much = budget->Take(holder.account, 100);
  EXPECT_FALSE(budget->MayMake(parties[1].account));
  EXPECT_FALSE(budget->MayMake(parties[2].account));
  much.reset();
  EXPECT_EQ(parties[1].call->woken, 2);
  EXPECT_EQ(parties[2].call->woken, 0);
  held.push_back(budget->Take(parties[1].account, 1));
  EXPECT_EQ(parties[2].call->woken, 1);
}

}  // namespace
}  // namespace emberharmony::bigquery::server
