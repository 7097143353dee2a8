# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: -all
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 Backprop, and what it asks for
#
# > **Minutes**: 30 to read and answer, under one to run. **Before this**: 00, one update by hand.
# > **Seed**: 0 everywhere.
#
# Backprop is the right answer to the question of lesson 00: its steps are the gradient, and no
# direction is steeper. It also needs something that is easy to write, `W.T`, and hard to have.
#
# **What must a layer know to learn by backprop, and what becomes of it if it does not?**

# %%
import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import angle
from nofb.plots import Picture, accuracy_and_angle, slider
from nofb.plots.style import HUES, OKABE_ITO, using

SEED = 0
COLOURS = [OKABE_ITO[hue] for hue in HUES]

# %% [markdown]
# ## The equations
#
# One hidden layer of tanh units, softmax at the output, the cross-entropy as loss:
#
# $$
# \begin{aligned}
# h &= \tanh(x W_1), & \hat y &= \operatorname{softmax}(h W_2),
# & L &= -\tfrac1N \textstyle\sum y \log \hat y \\
# \delta_2 &= e = \hat y - y, & \delta_1 &= (e\, W_2^\top) \circ (1 - h^2),
# & \Delta W_l &= h_{l-1}^\top \delta_l / N
# \end{aligned}
# $$


# %%
def forward(W1, W2, x):
    """Return h (N, n_1) and ŷ (N, n_2)."""
    h = np.tanh(x @ W1)
    share = np.exp(h @ W2)
    return h, share / share.sum(axis=1, keepdims=True)


def loss(W1, W2, x, y):
    return -(y * np.log(forward(W1, W2, x)[1])).sum() / len(x)


def first_step(W1, W2, x, y, back):
    """Return ΔW1 (n_0, n_1); the error travels through `back` (n_2, n_1)."""
    h, output = forward(W1, W2, x)
    delta = ((output - y) @ back) * (1 - h * h)  # (N, n_1)
    return x.T @ delta / len(x)


# %% [markdown]
# ## Is it the gradient?
#
# Nobody needs to believe the chain rule. Move one weight a little up and a little down and see what
# the loss does:
#
# $$
# \frac{\partial L}{\partial W_{ij}} \approx
# \frac{L(W_{ij} + \varepsilon) - L(W_{ij} - \varepsilon)}{2 \varepsilon}
# $$
#
# A check that nothing can fail is no check. So beside backprop stand three mistakes, each of which
# a student makes once: the slope forgotten, a sum where a mean belongs, and an error that comes
# back through some other matrix.


# %%
def measured(W1, W2, x, y, epsilon=1e-5):
    """Return ∂L/∂W1 (n_0, n_1) without any calculus, one weight at a time."""
    slopes = np.empty_like(W1)
    for place in np.ndindex(*W1.shape):
        up, down = W1.copy(), W1.copy()
        up[place] += epsilon
        down[place] -= epsilon
        slopes[place] = (loss(up, W2, x, y) - loss(down, W2, x, y)) / (2 * epsilon)
    return slopes


digits = nofb.datasets.load("digits").centred().flat()
rng = np.random.default_rng(SEED)
x, y = digits.x_train[:32].astype(float), np.eye(10)[digits.y_train[:32]]
W1, W2 = rng.normal(size=(64, 50)) / 8, rng.normal(size=(50, 10)) / 7
B = rng.normal(size=(10, 50)) / 7
truth = measured(W1, W2, x, y)

h, output = forward(W1, W2, x)
attempts = {
    "backprop": first_step(W1, W2, x, y, W2.T),
    "slope forgotten": x.T @ ((output - y) @ W2.T) / len(x),
    "sum for mean": first_step(W1, W2, x, y, W2.T) * len(x),
    "another matrix": first_step(W1, W2, x, y, B),
}

# %%
with using("light") as theme:
    picture = Picture(11, 3.1, theme)
    for axes, (name, step), colour in zip(
        picture.subplots(1, 4), attempts.items(), COLOURS, strict=False
    ):
        axes.axline((0, 0), slope=1, color=theme.faint, lw=1)
        axes.plot(truth.ravel(), step.ravel(), ".", color=colour, ms=3)
        axes.set(title=f"{name}: {angle(step, truth):.0f}°", xlabel="measured", aspect="equal")
        limit = 1.05 * abs(truth).max()
        axes.set(xlim=(-limit, limit), ylim=(-limit, limit))
        axes.locator_params(nbins=3)
    picture.axes[0].set_ylabel("formula")
print(f"backprop's largest error: {abs(attempts['backprop'] - truth).max():.0e}")
picture

# %% [markdown]
# Each dot is one of the 3200 first-layer weights. The number in the title is the angle between the
# whole step and the gradient. The sum has the right direction and a length that is 32 times wrong:
# it looks like a learning rate that nobody chose. Only *the other matrix* has lost the direction,
# at close to 90°. So that matrix must be $W_2^\top$.
#
# ## Who knows $W_2^\top$?
#
# In a program, everybody. `W2.T` costs nothing: the same memory, read in another order. Elsewhere
# it costs a lot.
#
# * **In a brain** the weight $W_{ij}$ is the strength of one synapse, which conducts in one
#   direction, from $i$ to $j$. What leads from $j$ back to $i$, if anything does, is another
#   synapse of another cell. To carry $e\, W_2^\top$ it would have to be as strong as the first one,
#   and to become stronger whenever that does. No known wire tells it. This is the **weight
#   transport problem** (Grossberg 1987).
# * **In a chip** with the weights where the arithmetic is, a matrix is laid out to be read by rows.
#   Backprop reads it by columns as well, or keeps a second copy and carries over every change.
# * And in either, backprop **waits**: $\delta_1$ needs $\delta_2$, so that the first layer of a
#   deep network must keep $h_0$ and its slope until the error has come down all the way.
#
# The library keeps account of what each rule takes on its way back:

# %%
for name in ("bp", "fa", "shallow"):
    needs = [need for need, needed in vars(rules.RULES[name].uses).items() if needed]
    print(f"{name:8} {', '.join(needs)}")

# %% [markdown]
# ## What if the copy is old?
#
# Suppose the way back could be told the weights, but not always. Let `layer.B` be a photocopy of
# $W^\top$, made at the start, and made anew after every so many steps. A rule in this library is a
# class with a few short methods, and we need to say only what is new:


# %%
class Photocopy(rules.FeedbackAlignment):
    """Sends the error back through Wᵀ as it was when somebody last looked."""

    def __init__(self, every):
        super().__init__()
        self.every, self.steps = every, 0

    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.B = layer.W.T.copy()

    def after_step(self, net):
        self.steps += 1
        if self.steps % self.every == 0:
            self.draw_feedback(net, None)


def train(rule):
    """Return one run on digits, 64-64-64-64-10."""
    hidden = [Dense(64, 64, activation="tanh") for _ in range(3)]
    net = Network([*hidden, Dense(64, 10)], seed=SEED)
    return nofb.fit(net, rule, digits, 20, 32, nofb.SGD(lr=0.05), seed=SEED, progress=False)


# %% [markdown]
# An epoch has 45 steps, a run 900. Controls: **bp**, whose copy is never old, and **shallow**,
# where nothing comes back at all, so that only the last layer learns. 359 test images: one of them
# is 0.3 %.

# %%
controls = {"bp": [train(rules.Backprop())], "shallow": [train(rules.Shallow())]}


def old_copies(steps):
    """Draw what comes of a copy that is renewed after so many steps."""
    copied = Photocopy(10**9 if steps == "never" else steps)
    return accuracy_and_angle(controls | {"photocopy": [train(copied)]})


old_copies("never")

# %% [markdown]
# A copy that is made **once**, before anything was learned, and never looked at again: few would
# have bet on it. Its angle to backprop's signal rises to about 40°, and stays there. The network
# learns nearly as well as with backprop. Now look more often:

# %%
slider(old_copies, steps=[1, 5, 45, 225, 450, "never"])

# %% [markdown]
# So the way back need not be *right*. It need not even know what the forward weights have become.
# How little can it know?

# %% [markdown]
# ## Questions
#
# 1. In the finite differences, make $\varepsilon$ 1, then $10^{-12}$. Why does the check get worse
#    in both directions?
# 2. *Slope forgotten* is at an angle below 90°. Would a network learn with it? What would change if
#    the units were ReLU, and if they were saturated (multiply $W_1$ by 10)?
# 3. The random matrix gave an angle of nearly 90°. Draw ten others. How far from 90° do they come?
#    (`nofb.diagnosis.chance_band` says what to expect: how many units does the signal reach, and
#    over how many directions can the errors of ten classes spread?)
# 4. After how many steps is a photocopy worth no more than one that was made at the start? Look at
#    the angle just before it is renewed: it is not in the plot. Where would you measure it?
# 5. What does *never* still know about $W$ that a random matrix would not? Which experiment would
#    tell whether that matters? (Lesson 02 does it.)
# 6. Which of backprop's three demands does the photocopy drop, and which does it keep?
