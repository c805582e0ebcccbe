"""Common Albanian given and family names, folded: enough to tell a column of names from other words."""

from __future__ import annotations

from typing import Final

GIVEN: Final = frozenset(
    """
    adrian afrim agim agron alban albana albert aldo alfred alma altin ana andi andrea anila anisa antonela arben
    ardian ardit arjan armand armend arta artan artur astrit aurel bashkim besa besart besim besnik bledar blerim
    blerina blerta bujar dardan denis denisa dhimiter diana dorina drita dritan edlira edmond edona eduard elena
    eliona elira elisa elona elton elvis enkeleda entela era eralda erion erjon ermal ermira esmeralda eva fadil
    fatbardha fatjon fatmir fatmira fatos ferdinand feride flamur flora florian florjan gazmend genc genti gentian
    gentiana gezim gjergj gjon hana hasan hysen ibrahim ilir ilirjan ina ismail jeta jetmir jonida jorgo julian
    juliana kastriot klajdi klea kledi klodian kostandin kreshnik kristi kristina kujtim leart ledina leonard
    leonora lindita lira liri lirim lorena luan luljeta lulzim maksim manjola maria marjana mark marsel megi
    merita mimoza mira mirela mirjeta mustafa nderim ndricim nertila nevila nikolin nora olta orges oriola osman
    pandeli pellumb petrika petrit qemal ramazan redi refik renato rezarta roland rovena rozafa rudina saimir
    sajmir sara selim shkelqim shpetim shpresa silvana skender skerdi sokol sonila spiro stela suela sulejman
    taulant teuta thoma valbona valentin valentina valon vangjel vasil vera vilma violeta vjollca xhevahire
    xhevdet ylli yllka zamira zana zef zenel zoica
    """.split()  # noqa: SIM905
)

FAMILY: Final = frozenset(
    """
    abazi ademi agolli ahmeti alia aliaj alimadhi alla allushi arapi avdiu bajrami balla balliu bardhi basha beqaj
    beqiri berisha bici brahimaj brahimi bregu bushati bytyqi caka cani ceka cela celaj cobani cuka daja dako deda
    dedja dema dervishi dhima doda dragusha duka elezi fejzullahu ferati gashi gjeta gjini gjoka gjokaj gjoni
    gruda hajdari halili hamzaj hasa hasani haxhi haxhiu hoti hoxha hoxhaj hysa hysenaj hyseni ibrahimi idrizi
    isufaj isufi jaho jakupi kadiu kadriu kaja kalemi kapllani karaj kasa kastrati kelmendi koci kodra kokona kola
    kosta kraja krasniqi kryeziu kuka kurti laci lala lamaj leka lika limaj lleshi lluka luka lulaj mala malaj
    marku martini mata mehmeti mema memaj meta muca mucaj muka murati musaj mustafa mustafai mustafaj myftari
    ndoja ndreu nika nikolla nushi osmanaj osmani pali palushi papa pasha pashaj peci pepa peqini pjetri preci
    prendi prifti progri qosja rama ramadani rexha rexhaj rexhepi rrapi ruci sadiku sala saliaj salihu selimi
    selmani shabani shala shehaj shehi shehu shima shkurti shtylla sina skenderi spahiu sula sulaj sulejmani tafa
    tahiri tare thaci toci tola topalli toska trebicka troka turku uka ukaj veizi veliaj veliu vogli vrapi xhafa
    xhafaj xhaferi xhaka xhemali xhika ymeri zeka zeneli zeqiri ziu
    """.split()  # noqa: SIM905
)
