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
# # 07 Target propagation: what a layer should have said
#
# > **Minutes**: 45 to read and answer, under one to run. **Before this**: 02, feedback alignment;
# > a linear regression. **Seed**: 0 everywhere.
#
# All rules so far send an *error* down: how wrong were you, and which way? Bengio (2014) sends
# something else down, an **activity**: what should you have said? An activity is something that a
# layer of neurons can make of another layer's activity, and so the way back can learn to do it
# well. Plainly done it fails, and Lee, Zhang, Fischer and Bengio (2015) saved it with a difference.
#
# **How does a target get down through a network, when every layer that passes it on makes
# mistakes?**

# %%
from itertools import pairwise

import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import angles
from nofb.optimizers import Adam
from nofb.plots import Picture, accuracy_and_angle, in_notebook, slider
from nofb.plots.style import HUES, OKABE_ITO, using

if in_notebook():
    from IPython.display import display

SEED = 0
COLOURS = [OKABE_ITO[hue] for hue in HUES]

# %% [markdown]
# ## The rule
#
# Samples are rows, and $h_l = f_l(h_{l-1})$ goes up. Each layer gets a partner $g_l$ that leads
# back, from what the layer gave to a guess at what it received:
#
# $$
# \begin{aligned}
# g_l(z) &= s(z B_l + c_l) && && (N, n_{l-1}) \\
# t_L &= a_L - \hat\eta\, e, && e = \hat y - y && \text{the output, a little down the loss} \\
# t_{l-1} &= g_l(t_l) && && \text{a target, from layer to layer} \\
# \delta_l &= (h_l - t_l) \circ f'(a_l) / \hat\eta && && \text{teach the layer to say } t_l
# \end{aligned}
# $$
#
# $\hat\eta$ says how far down the loss the first target lies, and it is divided out again at the
# end, so that it does not also set the learning rate. The weight step is
# $\Delta W_l = h_{l-1}^\top \delta_l / N$ as ever.
#
# ## An inverse learns
#
# $g_l$ learns by itself, without any label: add noise $\xi$ to what the layer received, let it
# answer, and bring $g_l$ closer to what was there. That is one step of a regression:


# %%
def lesson(W, b, inverse, h, sigma, rng, f=np.tanh):
    """Return the loss of an inverse of h -> f(h W + b), and the gradients of its B and c."""
    B, c, s, slope = inverse
    noisy = h + sigma * rng.standard_normal(h.shape)  # (N, n_below)
    z = f(noisy @ W + b)  # (N, n_above)
    u = s(z @ B + c)  # (N, n_below), the guess
    delta = (u - noisy) * slope(u)
    return 0.5 * ((u - noisy) ** 2).sum(axis=1).mean(), z.T @ delta / len(h), delta.mean(axis=0)


# %% [markdown]
# Look at a layer whose input can be looked at: 40 random tanh units that receive pictures of
# digits, 64 pixels each, and nothing else. The top row is what they received. The bottom row is
# what their inverse makes of 40 numbers, after ever more lessons of 64 pictures each.

# %%
digits = nofb.datasets.load("digits").centred().flat()
LINEAR, TANH = (lambda a: a, lambda y: 1.0), (np.tanh, lambda y: 1 - y * y)  # s, and s' from s


def start(rng, n_above, n_below, s):
    """Return an inverse (B, c, s, s') that knows nothing."""
    return 0.05 * rng.standard_normal((n_above, n_below)), np.zeros(n_below), *s


def framed(pixels):
    return np.pad(pixels.reshape(8, 8), 1, constant_values=1)


def brought_back(pictures, guesses, losses):
    """Draw the loss so far, and some pictures above what came back of them."""
    with using("light") as theme:
        picture = Picture(9.6, 2.6, theme)
        axes, images = picture.subplots(1, 2, width_ratios=[1, 1.9])
        axes.plot(range(1, len(losses) + 1), losses, color=COLOURS[2])
        axes.set(xscale="log", yscale="log", xlim=(1, 1500), ylim=(1, 40))
        axes.set(xlabel="lesson", title="½‖guess - received‖²")
        rows = [np.hstack([framed(each) for each in row]) for row in (pictures, guesses)]
        images.imshow(np.vstack(rows), cmap="gray", vmin=-1, vmax=1)
        images.axis("off")
    return picture


# %%
rng = np.random.default_rng(SEED)
W, b = rng.standard_normal((64, 40)) / 8, np.zeros(40)
inverse = start(rng, 40, 64, LINEAR)
B, c, *_ = inverse
adam, losses, shown = Adam(lr=0.01), [], digits.x_test[:9]
for k in range(1, 1501):
    batch = digits.x_train[rng.integers(len(digits.x_train), size=64)]
    loss, dB, dc = lesson(W, b, inverse, batch, 0.1, rng)
    adam.step("B", B, dB)  # in place
    adam.step("c", c, dc)
    losses.append(loss)
    if k in (1, 2, 4, 8, 15, 30, 60, 120, 250, 500, 1000, 1500):
        live = brought_back(shown, np.tanh(shown @ W + b) @ B + c, losses)
        if in_notebook():
            display(live, display_id="inverse", update=k > 1)

# %% [markdown]
# It is never perfect, and need not be: 40 numbers can not hold 64, and a straight line is no exact
# answer to a tanh. What is left over is the subject of this lesson.
#
# ## What goes wrong
#
# Say the target asks for nothing, $t_l = h_l$. Then the layer below should stay as it is. But
# $g_l(h_l)$ is not $h_{l-1}$; it misses it by what the inverse gets wrong, and that becomes the
# target. On the next layer the same again, on top of it. And at the end all this is divided by
# $\hat\eta$, which was to be small.
#
# Two units below, two above, so that we can draw it. Each cross is a state $h$ below. The layer is
# asked to move its answer a little, the same way for all. Arrows show what the layer below is then
# asked for, over $\hat\eta$: exactly (on the left), by a target from the best inverse that is
# linear (in the middle), and by the difference that the next section is about. Move $\hat\eta$,
# `step`, towards zero.


# %%
def small_layer():
    """Return a layer of two tanh units, and the best linear inverse of it: f, f⁻¹, g."""
    W = np.array([[1.0, 0.5], [-0.3, 1.1]])
    rng = np.random.default_rng(SEED)
    h = rng.standard_normal((2000, 2))
    z = np.column_stack([np.tanh(h @ W), np.ones(len(h))])
    Bc = np.linalg.lstsq(z, h, rcond=None)[0]  # all lessons in one
    return (
        lambda h: np.tanh(h @ W),
        lambda t: np.arctanh(t) @ np.linalg.inv(W),
        lambda t: t @ Bc[:2] + Bc[2],
    )


def three_ways(step):
    """Draw what is asked of the layer below for η̂ = step: exactly, by TP, and by DTP."""
    f, exact, g = small_layer()
    h = np.stack(np.meshgrid(*[np.linspace(-1, 1, 7)] * 2), axis=-1).reshape(-1, 2)
    t = f(h) + step * np.array([0.14, 0.07])  # (N, 2)
    ways = {
        "exact: f⁻¹(t) - h": (exact(t) - h, COLOURS[2]),
        "tp: g(t) - h": (g(t) - h, COLOURS[1]),
        "dtp: g(t) - g(f(h))": (g(t) - g(f(h)), COLOURS[0]),
    }
    with using("light") as theme:
        picture = Picture(9.6, 3.5, theme)
        for axes, (name, (change, colour)) in zip(
            picture.subplots(1, 3), ways.items(), strict=True
        ):
            axes.plot(*h.T, "x", color=theme.faint, ms=3)
            axes.quiver(
                *h.T, *change.T / step, color=colour, angles="xy", scale_units="xy", scale=1
            )
            axes.set(title=name, xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal")
            axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1], xlabel="first unit")
        picture.axes[0].set_ylabel("second unit")
    return picture


slider(three_ways, step=[0.01, 0.03, 0.1, 0.3, 0.9])

# %% [markdown]
# ## The difference
#
# So take off again what the inverse gets wrong. It is known: send the layer's own $h_l$ down too.
#
# $$
# t_{l-1} = h_{l-1} + g_l(t_l) - g_l(h_l)
# $$
#
# Now $t_l = h_l$ gives $t_{l-1} = h_{l-1}$, *whatever* $g_l$ is. And for a target close by,
#
# $$
# t_{l-1} - h_{l-1} \approx (t_l - h_l)\, J_{g_l},
# $$
#
# so that only the *slope* of $g_l$ counts, not its value. Compare lesson 02: $\delta W^\top$ in
# backprop, $\delta B$ in feedback alignment, and here a change times a Jacobian that has learned
# to undo the layer. The whole rule, with one switch for the difference:


# %%
def targets(hs, t, inverses, difference):
    """Return targets t_1 ... t_L for states h_1 ... h_L, given the last target."""
    found = [t]
    for h_below, h, (B, c, s, _) in zip(hs[-2::-1], hs[:0:-1], inverses[::-1], strict=True):
        guess = s(found[-1] @ B + c)  # g(t)  (N, n_below)
        if difference:
            guess = h_below + (guess - s(h @ B + c))  # h + g(t) - g(h)
        found.append(guess)
    return found[::-1]


# %% [markdown]
# Against the library, on a batch of digits:


# %%
def build(*units, **options):
    """Return a network with tanh layers."""
    hidden = [Dense(n, m, activation="tanh") for n, m in pairwise(units)]
    return Network([*hidden, Dense(units[-1], 10)], seed=SEED, **options)


x, y = digits.x_test[:100], np.eye(10)[digits.y_test[:100]]
for name in ("tp", "dtp"):
    net = build(64, 50, 40, dtype=np.float64)
    rule = rules.make(name, **({"gradient_at_top": False} if name == "dtp" else {}))
    rule.attach(net, seed=SEED)
    trace = net.forward(x).set_target(y)
    theirs = [t for _, t in rule.targets(net, trace)][::-1]
    hs = [rule.state(trace, layer) for layer in net.layers]  # h_1, h_2, a_3
    inverses = [(layer.inverse.B, layer.inverse.c, *TANH) for layer in net.layers[1:]]
    ours = targets(hs, hs[-1] - rule.step_size * trace.error, inverses, name == "dtp")
    most = max(abs(a - b).max() for a, b in zip(ours, theirs, strict=True))
    print(f"{name:4} largest difference {most:.0e}")

# %% [markdown]
# ## When there is nothing to take off
#
# An exact inverse has $g_l(h_l) = h_{l-1}$, and both rules are one. Square layers without a tanh
# have one, $g_l(z) = z\, W_l^{-1}$. And if $W_l$ is a rotation as well, $W_l^{-1}$ is $W_l^\top$:
# a target then moves as a gradient does.

# %%
rng = np.random.default_rng(SEED)
rotation = np.linalg.qr(rng.standard_normal((30, 30)))[0]
h0, e = rng.standard_normal((8, 30)), rng.standard_normal((8, 30))
for name, W in {"random": rng.standard_normal((30, 30)), "rotation": rotation}.items():
    hs = [h0, h0 @ W, h0 @ W @ W]
    exact = [(np.linalg.inv(W), 0, *LINEAR)] * 2
    tp, dtp = (targets(hs, hs[-1] - 0.1 * e, exact, way)[0] for way in (False, True))
    gradient = e @ W.T @ W.T
    print(
        f"{name:9} tp and dtp differ by {abs(tp - dtp).max():.0e}, "
        f"and are {angles(h0 - dtp, gradient).mean():.1f}° from the gradient"
    )

# %% [markdown]
# That last number is no mistake of the rule. A target that is exactly undone, layer by layer, is
# not a gradient; what it is instead is the subject of lesson 08.
#
# ## In a network
#
# Three hidden layers of 50 tanh units have learned the digits by backprop, and now they rest, so
# that we can look at nothing but targets. The inverses get some lessons with noise of width
# $\sigma$. Then a target comes down, near ($\hat\eta$ small) or far. On the left, what the inverses
# still get wrong. On the right, the angle between each hidden layer's $\delta_l$ and backprop's.

# %%
net = build(64, 50, 50, 50, dtype=np.float64)
adam = nofb.Adam(lr=0.002)
nofb.fit(net, rules.Backprop(), digits, 10, 32, adam, seed=SEED, progress=False, probe=0)
STEPS = np.logspace(-4, 1, 16)  # η̂


def states(x):
    """Return h_1, h_2, h_3 and a_4."""
    trace = net.forward(x)
    return [*[trace[layer].h.copy() for layer in net.layers[:-1]], trace[net.layers[-1]].a.copy()]


def taught(lessons, sigma):
    """Return the inverses of the upper three layers after so many lessons."""
    rng, adam = np.random.default_rng(SEED), Adam(lr=0.003)
    layers = net.layers[1:]
    inverses = [start(rng, layer.n_out, layer.n_in, TANH) for layer in layers]
    hs = states(digits.x_train)
    for _ in range(lessons):
        rows = rng.integers(len(hs[0]), size=64)
        for number, (layer, inverse) in enumerate(zip(layers, inverses, strict=True)):
            f = np.tanh if layer is not layers[-1] else LINEAR[0]
            _, dB, dc = lesson(layer.W, layer.b, inverse, hs[number][rows], sigma, rng, f)
            adam.step(f"B{number}", inverse[0], dB)
            adam.step(f"c{number}", inverse[1], dc)
    return inverses


def near_and_far(lessons, sigma):
    """Draw length and angle of what both rules ask of each hidden layer, over η̂."""
    inverses, x = taught(lessons, sigma), digits.x_test[:100]
    trace = net.forward(x).set_target(y)
    hs = states(x)
    gradients = [delta.copy() for _, delta in rules.Backprop().signals(net, trace)][:0:-1]
    with using("light") as theme:
        picture = Picture(9.6, 3.8, theme)
        lengths, degrees = picture.subplots(1, 2)
        for difference, name in ((False, "tp"), (True, "dtp")):
            found = [
                targets(hs, hs[-1] - step * trace.error, inverses, difference) for step in STEPS
            ]
            for number, gradient in enumerate(gradients):
                h, slope = hs[number], 1 - hs[number] ** 2
                deltas = [
                    (h - t[number]) * slope / step for t, step in zip(found, STEPS, strict=True)
                ]
                ratio = [np.linalg.norm(d) / np.linalg.norm(gradient) for d in deltas]
                turned = [angles(d, gradient).mean() for d in deltas]
                drawn = {"color": (COLOURS[1], COLOURS[0])[difference], "alpha": 1 - 0.3 * number}
                lengths.plot(STEPS, ratio, **drawn, label=f"{name}, layer {number + 1}")
                degrees.plot(STEPS, turned, **drawn)
        degrees.axhline(90, color=theme.faint, ls="--", lw=1)
        lengths.set(xscale="log", yscale="log", title="length of δ, over backprop's")
        degrees.set(xscale="log", ylim=(0, 110), yticks=[0, 30, 60, 90])
        degrees.set(title="angle of δ to backprop's")
        degrees.yaxis.set_major_formatter("{x:g}°")
        for axes in (lengths, degrees):
            axes.set_xlabel("η̂")
        lengths.legend()
    return picture


slider(near_and_far, lessons=[0, 30, 100, 300, 1000, 3000], sigma=[0.01, 0.03, 0.1, 0.3, 1])

# %% [markdown]
# A target without the difference has a $\delta$ that grows as $1 / \hat\eta$: that is the inverses'
# mistake, the same for every $\hat\eta$, and divided by it. Its angle hardly depends on $\hat\eta$
# either, since it hardly depends on the *error*; what it has in common with the gradient, it has by
# accident (question 2). With the difference, $\hat\eta$ may be as small as you like.
#
# Move `lessons`. With none, $B_l$ is random, and the difference is nearly feedback alignment. A few
# hundred bring its angle far below 90°. Ten times as many hardly shorten the mistake, for no
# $\tanh(z B + c)$ is the inverse of a tanh layer. And they turn the difference *away* from the
# gradient again: remember that. `sigma` changes little, as long as the noise is smaller than the
# differences between digits.
#
# ## Does it learn?
#
# Now everything learns at once: with each batch the inverses take one step, then the weights. Both
# rules have the same inverses, the same optimizer, the same $\hat\eta$. The controls are **bp**,
# and **shallow**, whose hidden layers stay as they were drawn. On the right is the lowest hidden
# layer, that a target reaches last.


# %%
def train(rule):
    """Return one run on digits, 64-50-50-50-10."""
    net, adam = build(64, 50, 50, 50), nofb.Adam(lr=0.001)
    return nofb.fit(net, rule, digits, 15, 32, adam, seed=SEED, progress=False)


controls = {kind.name: [train(kind())] for kind in (rules.Backprop, rules.Shallow)}
BESIDE = {  # an inverse for the output layer too, and all of them learn beside the weights
    "gradient_at_top": False,
    "inverse_steps": 1,
    "epochs_before": 0,
    "epochs_between": 0,
    "inverse_optimizer": "adam",
}


def learns(step, sigma):
    """Draw accuracy and angle of both rules and the controls."""
    settings = {"step_size": step, "noise": sigma, "inverse_lr": 0.003}
    tp = rules.TargetPropagation(**settings)
    dtp = rules.DifferenceTargetPropagation(**settings, **BESIDE)
    return accuracy_and_angle(controls | {"tp": [train(tp)], "dtp": [train(dtp)]})


slider(learns, step=[0.001, 0.01, 0.1, 1, 10], sigma=[0.01, 0.1, 1])

# %% [markdown]
# Plain target propagation ends below the control that learns nothing in its hidden layers. The one
# subtraction makes it a rule that learns, not far from backprop, and without $W^\top$ anywhere. Now
# move `step` up: at $\hat\eta = 10$ the same mistake is small beside what the error asks for, and
# **tp** learns too. That is the only way it has, a target so far off that it drowns the mistakes;
# the difference does not care.
#
# Neither is close to backprop's signal. Should it be? A target that travels through good inverses
# means to do something else than a gradient; lesson 08 says what, and whether that is a good idea.

# %% [markdown]
# ## Questions
#
# 1. In `targets`, set $t_L = h_L$. What comes out with the difference, to the last bit? And
#    without? Why is the order of the two subtractions not all the same to a computer?
# 2. The mistake $g_l(h_l) - h_{l-1}$ does not know the label. Change all labels in `near_and_far`
#    to other ones (`np.roll(y, 1)`): which curves change, and what is the angle of **tp** now?
# 3. Exact inverses of random square layers gave 89.8°, nearly a right angle. Show
#    that $\langle e\, W^{-1}, e\, W^\top \rangle = \lVert e \rVert^2$. Can an exact inverse of a
#    linear network ever lead uphill?
# 4. What is $J_{g_l}$ for $g_l(z) = s(z B_l + c_l)$? Write $t_{l-1} - h_{l-1}$ of **dtp** for small
#    $\hat\eta$, and beside it the signal of feedback alignment. What does $c_l$ do? Which slope
#    stands in which of the two?
# 5. Lee et al. do not start from $t_L$. Their first target is $t_{L-1} = h_{L-1} - \hat\eta\, e\,
#    W_L^\top$ (`gradient_at_top=True`, the default). Is that weight transport? With one hidden
#    layer, which rule of lesson 01 is it? Train it with the settings above, and see what one honest
#    gradient at the top is worth. What would you have to say in a paper that calls it "biologically
#    plausible"?
# 6. Why must the noise be inside of $f$, and not be added to $h_l$ instead? (Think of what an
#    inverse needs in order to have the right slope, and not only the right value.)
# 7. $h_{l-1}$ has 50 units and the output ten. What can $g_L$ know of $h_{L-1}$? Which target
#    suffers most from that, and what could you add to the output so that it would not?
# 8. A target is an activity, an error is not. Which of the two could a neuron send that can only
#    fire, or not? What does the difference $h + g(t) - g(h)$ ask of it that $g(t)$ does not?
